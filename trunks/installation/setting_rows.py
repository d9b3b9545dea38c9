"""Every setting: name, reader, default and what would be right (docs/design/service.md, "Settings")."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sipcheck.media.sockets import DEFAULT_PORTS, PortRange
from sipcheck.settings import PROOF_NUMBER
from sipcheck.target import HostPort, Target
from trunks.installation.setting_values import (
    read_address,
    read_addresses,
    read_broker_url,
    read_database_url,
    read_domain,
    read_from_user,
    read_host_port,
    read_http_url,
    read_knocks,
    read_listening_place,
    read_names,
    read_nameservers,
    read_networks,
    read_notify_urls,
    read_ports,
    read_proof_number,
    read_public_url,
    read_reachable_place,
    read_rtp_ports,
    read_secret_keys,
    read_targets,
)
from trunks.rules.connection_details import read_inbound_uri
from trunks.rules.knock_limits import SHIPPED_RULES, KnockRules
from trunks.rules.way_evidence import TlsNames
from trunks.voice.provisioner import ProvisionerName

PREFIX = "TRUNKS_"
ENV_FILE = ".env"


def _by(read: Any) -> BeforeValidator:
    """Read a text by `read`; a value that is no text was given by the program and is what it should be."""
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


def _within(least: float, most: float) -> Any:
    return Field(ge=least, le=most)


def _between(least: float, most: float) -> Any:
    return Field(ge=least, le=most, allow_inf_nan=False)


def _up_to(most: float) -> Any:
    return Field(gt=0, le=most, allow_inf_nan=False)


def _row(default: Any, description: str, name: str | None = None) -> Any:
    """`name` is the variable's where that is not the field's with our prefix."""
    return Field(default, description=description, validation_alias=name)


Names = Annotated[tuple[str, ...], NoDecode, _by(read_names)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, _by(read_networks)]
Ports = Annotated[frozenset[int], NoDecode, _by(read_ports)]
Nameservers = Annotated[tuple[HostPort, ...], NoDecode, _by(read_nameservers)]
Targets = Annotated[tuple[Target, ...], NoDecode, _by(read_targets)]
Knocks = Annotated[KnockRules, NoDecode, _by(read_knocks)]
Addresses = Annotated[tuple[str, ...], NoDecode, _by(read_addresses)]
Address = Annotated[str, _by(read_address)]
Days = Annotated[int, _within(1, 36_500)]


class SettingRows(BaseSettings):
    """A description stands in faults and in `trunkd --help`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    host: Annotated[str, Field(min_length=1)] = _row("127.0.0.1", "the address to listen at")
    port: Annotated[int, _within(1, 65535)] = _row(8080, "the port to listen at, from 1 to 65535")
    public_url: Annotated[str, _by(read_public_url)] | None = _row(
        None,
        "the address under which this service is reached from outside, for links, such as https://sip.platform.example",
    )
    notify_urls: Annotated[SecretStr, _by(read_notify_urls)] | None = _row(
        None,
        "where the operator is told of incidents: addresses of Apprise with spaces between, critical= before one for "
        "carriers that answer nobody alone",
    )
    connections: Annotated[int, _within(1, 60_000)] = _row(
        4096, "HTTP connections that are open at once, as far as there are descriptors, from 1 to 60000"
    )
    connections_of_one_address: Annotated[int, _within(1, 60_000)] = _row(
        1024, "of those the ones from one address, or one IPv6 /64, from 1 to 60000"
    )
    data_dir: Path = _row(Path("var"), "a directory for the SQLite file and the generated key")
    database_url: Annotated[SecretStr, _by(read_database_url)] | None = _row(
        None, "postgresql+psycopg://user:password@host/database; else SQLite in the data dir"
    )
    broker_url: Annotated[SecretStr, _by(read_broker_url)] | None = _row(
        None, "redis://host:6379/0 or amqp://…; else in the process"
    )
    secret_keys: Annotated[SecretStr, _by(read_secret_keys)] | None = _row(
        None, "id:base64 of 32 bytes, comma-separated, newest first; generated with SQLite"
    )
    allow_networks: Networks = _row((), "CIDRs the guard lets through, comma-separated")
    allow_ports: Ports = _row(frozenset(), "ports the guard would refuse, from 1 to 65535, comma-separated")
    allow_names: Names = _row(
        (),
        "names of private networks that trunks may have, each with what is under it, comma-separated; . for all names",
    )
    nameservers: Nameservers = _row((), "name servers as ip[:port], comma-separated")
    ca_file: Path | None = _row(None, "a PEM file of trust roots beside the system's")
    tls_strict: bool = _row(False, "true or false: refuse wildcard certificates (RFC 5922)")
    sip_source_address: Address | None = _row(None, "the IP address that checks leave from")
    sip_advertised_address: Address | None = _row(None, "the IP address that advice prints for allow-lists")
    from_user: Annotated[str, _by(read_from_user)] = _row(
        "trunk-check", "the user in the From of shared probes"
    )
    from_domain: Annotated[str, _by(read_domain)] | None = _row(
        None, "the domain in the From of shared probes; else the egress address"
    )
    proof_number: Annotated[str, _by(read_proof_number)] = _row(
        PROOF_NUMBER,
        "whom a proof by a call is for: a number that belongs to nobody, in digits, with a + or without",
    )
    rtp_ports: Annotated[PortRange, NoDecode, _by(read_rtp_ports)] = _row(
        DEFAULT_PORTS, "where the sound of test calls is awaited, such as 16384-19999"
    )
    media_address: Address | None = _row(
        None,
        "the IP address by which carriers reach the sound of test calls; else the one that requests leave by",
    )
    allow_wide_lists: bool = _row(
        False, "true or false: let allow-lists of customers be wider than /16 (IPv6 /32)"
    )
    call_addresses: Addresses = _row(
        (), "the addresses that calls come from, which customers have to allow, comma-separated"
    )
    media_networks: Networks = _row((), "CIDRs of the calls' media, comma-separated")
    inbound_uri: Annotated[str, _by(read_inbound_uri)] | None = _row(
        None, "the SIP URI that carriers send calls to, such as sip:sip.platform.example;transport=tls"
    )
    address_rate: Annotated[float, _between(0, 10_000)] = _row(
        4.0, "requests a second to each edge address, up to 10000; 0 for no pacing"
    )
    address_burst: Annotated[int, _within(1, 10_000)] = _row(
        8, "requests to each edge address at once, from 1 to 10000"
    )
    address_concurrency: Annotated[int, _within(0, 10_000)] = _row(
        4, "verifications in flight to each edge address, up to 10000; 0 for no limit"
    )
    knocks: Knocks = _row(
        SHIPPED_RULES,
        "the most requests that a carrier's ban filter may count, in ten minutes, an hour and a day, such as 6/30/80; "
        "name=limits for the addresses of a name; 0 for no limit",
    )
    runs_in_flight: Annotated[int, _within(1, 10_000)] = _row(
        200, "verifications that a worker has in flight, from 1 to 10000"
    )
    verify_timeout_seconds: Annotated[float, _up_to(60)] = _row(
        10.0, "a verification's deadline, up to 60 seconds"
    )
    verify_wait_seconds: Annotated[float, _between(0, 300)] = _row(
        20.0, "how long a caller waits, up to 300 seconds"
    )
    health_interval_seconds: Annotated[float, _up_to(86_400)] = _row(
        60.0, "seconds between health checks of a destination, from the floor to 86400"
    )
    health_interval_floor_seconds: Annotated[float, _between(0, 30)] = _row(
        30.0, "the shortest interval of health checks, up to 30 seconds; less is for laboratories"
    )
    probe_timeout_seconds: Annotated[float, _up_to(60)] = _row(
        5.0, "a health check's deadline, up to 60 seconds"
    )
    proof_interval_seconds: Annotated[float, _up_to(31_536_000)] = _row(
        86_400.0, "seconds between proofs of stored credentials, from 3600 to 31536000"
    )
    breaker_destinations: Annotated[int, _within(1, 1_000_000)] = _row(
        10, "destinations that fall at once for a mass fall, from 1 to 1000000"
    )
    canary_targets: Targets = _row((), "SIP URIs asked when most destinations fall, comma-separated")
    failure_threshold: Annotated[int, _within(1, 100)] = _row(
        3, "failed checks in a row that take a trunk down, from 1 to 100"
    )
    recovery_threshold: Annotated[int, _within(1, 100)] = _row(
        2, "answered checks in a row that bring a trunk back, from 1 to 100"
    )
    require_proven_credentials: bool = _row(
        False, "true or false: without proof of the credentials a trunk is not verified"
    )
    fixed_egress: Annotated[HostPort, _by(read_host_port)] | None = _row(
        None, "the host[:port] that calls of trunks with a fixed outbound address leave through"
    )
    provisioner: ProvisionerName = _row(
        ProvisionerName.NONE, "none, or livekit for trunks to exist on LiveKit"
    )
    provisioner_rate: Annotated[float, _between(0, 10_000)] = _row(
        20.0,
        "writes a second on the voice infrastructure, over all workers, up to 10000; a person's are counted and do not "
        "wait; 0 for no limit",
    )
    livekit_url: Annotated[str, _by(read_http_url)] | None = _row(
        None, "where LiveKit answers, such as https://host", "LIVEKIT_URL"
    )
    livekit_api_key: str | None = _row(None, "a key of LiveKit's", "LIVEKIT_API_KEY")
    livekit_api_secret: SecretStr | None = _row(None, "the secret of that key", "LIVEKIT_API_SECRET")
    livekit_tls_names: TlsNames = _row(
        TlsNames.CHECKED,
        "checked, or unchecked where LiveKit's SIP service has a tls section of its own and checks no names",
    )
    pin_edges: bool = _row(
        False,
        "true or false: calls go to proven addresses alone, and the voice infrastructure is given no customer's name",
    )
    infrastructure_listen: Annotated[HostPort, _by(read_listening_place)] | None = _row(
        None,
        "ADDRESS:PORT here, with the port after it, where calls are heard once a day that show what the voice "
        "infrastructure does; none are asked for without it",
    )
    infrastructure_reach: Annotated[HostPort, _by(read_reachable_place)] | None = _row(
        None, "HOST:PORT where the voice infrastructure finds that place; else the same"
    )
    reconcile_interval_seconds: Annotated[float, _between(1, 86_400)] = _row(
        300.0, "how often the voice infrastructure is read back, from 1 to 86400 seconds"
    )
    keep_verifications_days: Days = _row(
        90, "days that verifications are kept, a trunk's newest 20 always, from 1 to 36500"
    )
    keep_flips_days: Days = _row(365, "days that changes of a trunk's state are kept, from 1 to 36500")
    keep_hourly_rollups_days: Days = _row(
        30, "days that counts of health checks are kept by the hour, from 1 to 36500"
    )
    keep_daily_rollups_days: Days = _row(
        400, "days that counts of health checks are kept by the day, from 1 to 36500"
    )
    keep_freezes_days: Days = _row(
        90, "days that rejected credentials are remembered when no trunk has them, from 1 to 36500"
    )
    keep_unused_destinations_days: Days = _row(
        7, "days that a carrier no trunk leads to is remembered, from 1 to 36500"
    )
    keep_mass_falls_days: Days = _row(90, "days that mass falls are remembered, from 1 to 36500")
    keep_messages_days: Days = _row(
        30, "days that messages to webhook endpoints and their deliveries are kept, from 1 to 36500"
    )


def setting_name(field: str) -> str:
    """Give a setting as it is written in the environment; LiveKit's own variables have no prefix of ours."""
    alias = SettingRows.model_fields[field].validation_alias
    return str(alias) if alias is not None else f"{PREFIX}{field.upper()}"
