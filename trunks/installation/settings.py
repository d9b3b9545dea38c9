"""The settings of an installation: environment variables TRUNKS_*, or a file .env (docs/design/service.md)."""

import os
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sipcheck.guard import Guard
from sipcheck.settings import EngineSettings
from sipcheck.target import HostPort, Target
from trunks.errors import SettingsInvalid
from trunks.installation.setting_values import (
    read_address,
    read_broker_url,
    read_database_url,
    read_domain,
    read_from_user,
    read_host_port,
    read_http_url,
    read_nameservers,
    read_networks,
    read_ports,
    read_targets,
)
from trunks.rules.intervals import HealthIntervals
from trunks.rules.trunk_state import Policy
from trunks.secrets.keys import parse_keys
from trunks.voice.provisioner import ProvisionerName

PREFIX = "TRUNKS_"
ENV_FILE = ".env"
DATABASE_FILE_NAME = "trunks.sqlite"

_SHOWN_CHARACTERS = 60


def _checked_keys(text: str) -> str:
    parse_keys(text)
    return text


def _written(read: Any) -> BeforeValidator:
    """Read a text by `read`; a value that is no text was given by the program and is what it should be."""
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, _written(read_networks)]
Ports = Annotated[frozenset[int], NoDecode, _written(read_ports)]
Nameservers = Annotated[tuple[HostPort, ...], NoDecode, _written(read_nameservers)]
Address = Annotated[str, _written(read_address)]
Canaries = Annotated[tuple[Target, ...], NoDecode, _written(read_targets)]


@dataclass(frozen=True, slots=True)
class LiveKitApi:
    """Where LiveKit answers, and to whom."""

    url: str
    key: str
    secret: str = field(repr=False)


class Settings(BaseSettings):
    """Every setting's description says what would be right; it stands in faults and in `trunkd --help`."""

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

    host: str = Field("127.0.0.1", min_length=1, description="the address to listen at")
    port: int = Field(8080, ge=1, le=65535, description="the port to listen at, from 1 to 65535")
    data_dir: Path = Field(Path("var"), description="a directory for the SQLite file and the generated key")
    database_url: Annotated[SecretStr, _written(read_database_url)] | None = Field(
        None, description="postgresql+psycopg://user:password@host/database; else SQLite in the data dir"
    )
    broker_url: Annotated[SecretStr, _written(read_broker_url)] | None = Field(
        None, description="redis://host:6379/0 or amqp://…; else in the process"
    )
    secret_keys: Annotated[SecretStr, _written(_checked_keys)] | None = Field(
        None, description="id:base64 of 32 bytes, comma-separated, newest first; generated with SQLite"
    )
    allow_networks: Networks = Field((), description="CIDRs the guard lets through, comma-separated")
    allow_ports: Ports = Field(
        frozenset(), description="ports the guard would refuse, from 1 to 65535, comma-separated"
    )
    nameservers: Nameservers = Field((), description="name servers as ip[:port], comma-separated")
    ca_file: Path | None = Field(None, description="a PEM file of trust roots beside the system's")
    tls_strict: bool = Field(False, description="true or false: refuse wildcard certificates (RFC 5922)")
    sip_source_address: Address | None = Field(None, description="the IP address that checks leave from")
    sip_advertised_address: Address | None = Field(
        None, description="the IP address that advice prints for allow-lists"
    )
    from_user: Annotated[str, _written(read_from_user)] = Field(
        "trunk-check", description="the user in the From of shared probes"
    )
    from_domain: Annotated[str, _written(read_domain)] | None = Field(
        None, description="the domain in the From of shared probes; else the egress address"
    )
    address_rate: float = Field(
        4.0,
        ge=0,
        le=10_000,
        allow_inf_nan=False,
        description="requests a second to each edge address, up to 10000; 0 for no pacing",
    )
    address_burst: int = Field(
        8, ge=1, le=10_000, description="requests to each edge address at once, from 1 to 10000"
    )
    address_concurrency: int = Field(
        4,
        ge=0,
        le=10_000,
        description="verifications in flight to each edge address, up to 10000; 0 for no limit",
    )
    verify_timeout_seconds: float = Field(
        10.0, gt=0, le=60, allow_inf_nan=False, description="a verification's deadline, up to 60 seconds"
    )
    verify_wait_seconds: float = Field(
        20.0, ge=0, le=300, allow_inf_nan=False, description="how long a caller waits, up to 300 seconds"
    )
    health_interval_seconds: float = Field(
        60.0,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        description="seconds between health checks of a destination, from the floor to 86400",
    )
    health_interval_floor_seconds: float = Field(
        30.0,
        ge=0,
        le=30,
        allow_inf_nan=False,
        description="the shortest interval of health checks, up to 30 seconds; less is for laboratories",
    )
    probe_timeout_seconds: float = Field(
        5.0, gt=0, le=60, allow_inf_nan=False, description="a health check's deadline, up to 60 seconds"
    )
    proof_interval_seconds: float = Field(
        86_400.0,
        gt=0,
        le=31_536_000,
        allow_inf_nan=False,
        description="seconds between proofs of stored credentials, from 3600 to 31536000",
    )
    breaker_destinations: int = Field(
        10,
        ge=1,
        le=1_000_000,
        description="destinations that fall at once for a mass fall, from 1 to 1000000",
    )
    canary_targets: Canaries = Field(
        (), description="SIP URIs asked when most destinations fall, comma-separated"
    )
    failure_threshold: int = Field(
        3, ge=1, le=100, description="failed checks in a row that take a trunk down, from 1 to 100"
    )
    recovery_threshold: int = Field(
        2, ge=1, le=100, description="answered checks in a row that bring a trunk back, from 1 to 100"
    )
    require_proven_credentials: bool = Field(
        False, description="true or false: without proof of the credentials a trunk is not verified"
    )

    fixed_egress: Annotated[HostPort, _written(read_host_port)] | None = Field(
        None, description="the host[:port] that calls of trunks with a fixed outbound address leave through"
    )
    provisioner: ProvisionerName = Field(
        ProvisionerName.NONE, description="none, or livekit for trunks to exist on LiveKit"
    )
    livekit_url: Annotated[str, _written(read_http_url)] | None = Field(
        None, validation_alias="LIVEKIT_URL", description="where LiveKit answers, such as https://host"
    )
    livekit_api_key: str | None = Field(
        None, validation_alias="LIVEKIT_API_KEY", description="a key of LiveKit's"
    )
    livekit_api_secret: SecretStr | None = Field(
        None, validation_alias="LIVEKIT_API_SECRET", description="the secret of that key"
    )
    reconcile_interval_seconds: float = Field(
        300.0,
        ge=1,
        le=86_400,
        allow_inf_nan=False,
        description="how often the voice infrastructure is read back, from 1 to 86400 seconds",
    )

    @model_validator(mode="after")
    def _need_keys_beside_postgresql(self) -> Self:
        if not self.uses_sqlite and self.secret_keys is None:
            raise ValueError(
                f"{PREFIX}SECRET_KEYS is not set, and PostgreSQL needs it: every process has to have the same "
                "keys. Set it to k1:$(openssl rand -base64 32), and keep a copy."
            )
        return self

    @model_validator(mode="after")
    def _need_livekits_address_and_key(self) -> Self:
        if self.provisioner is ProvisionerName.LIVEKIT:
            missing = [
                str(Settings.model_fields[field].validation_alias)
                for field in ("livekit_url", "livekit_api_key", "livekit_api_secret")
                if getattr(self, field) is None
            ]
            if missing:
                raise ValueError(
                    f"TRUNKS_PROVISIONER is livekit, and {', '.join(missing)} is not set. Set it, or use none."
                )
        return self

    def livekit_api(self) -> LiveKitApi:
        """LiveKit's address and key. Raises SettingsInvalid unless all three are set."""
        if self.livekit_url is None or self.livekit_api_key is None or self.livekit_api_secret is None:
            raise SettingsInvalid("LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are not all set.")
        return LiveKitApi(self.livekit_url, self.livekit_api_key, self.livekit_api_secret.get_secret_value())

    @model_validator(mode="after")
    def _hold_to_the_floors(self) -> Self:
        pace = self.health_pace
        if self.health_interval_seconds < pace.floor_seconds:
            raise ValueError(
                f"{PREFIX}HEALTH_INTERVAL_SECONDS: {self.health_interval_seconds:g} is below "
                f"{pace.floor_seconds:g}, which spares the carriers. Raise it; in a laboratory lower "
                f"{PREFIX}HEALTH_INTERVAL_FLOOR_SECONDS."
            )
        if self.proof_interval_seconds < pace.proof_floor_seconds:
            raise ValueError(
                f"{PREFIX}PROOF_INTERVAL_SECONDS: {self.proof_interval_seconds:g} is below "
                f"{pace.proof_floor_seconds:g}, which spares the carriers. Raise it; in a laboratory lower "
                f"{PREFIX}HEALTH_INTERVAL_FLOOR_SECONDS."
            )
        return self

    @property
    def policy(self) -> Policy:
        return Policy(
            failure_threshold=self.failure_threshold,
            require_proven_credentials=self.require_proven_credentials,
            recovery_threshold=self.recovery_threshold,
        )

    @property
    def check_timeout_seconds(self) -> float:
        """A health check's deadline: never longer than a verification's."""
        return min(self.probe_timeout_seconds, self.verify_timeout_seconds)

    @property
    def health_pace(self) -> HealthIntervals:
        return HealthIntervals(self.health_interval_floor_seconds, self.health_interval_seconds)

    @property
    def store_url(self) -> str:
        """The database's URL with its password: for the driver, never for a log."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / DATABASE_FILE_NAME}"

    @property
    def uses_sqlite(self) -> bool:
        return self.store_url.startswith("sqlite")

    def engine_settings(self, *, allow_endpoints: frozenset[tuple[str, int]] = frozenset()) -> EngineSettings:
        """How the engine checks here; `allow_endpoints` are the practice carrier's."""
        return EngineSettings(
            nameservers=self.nameservers,
            ca_file=self.ca_file,
            tls_strict=self.tls_strict,
            guard=Guard(
                allow_networks=self.allow_networks,
                allow_ports=self.allow_ports,
                allow_endpoints=allow_endpoints,
            ),
            source_address=self.sip_source_address,
            advertised_address=self.sip_advertised_address,
            from_user=self.from_user,
            from_domain=self.from_domain,
        )


def load_settings(**given: Any) -> Settings:
    """Read the settings of this process; `given` ones win.

    Raises SettingsInvalid with a line for each fault.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsInvalid("\n".join(_fault(each) for each in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{ENV_FILE}: it cannot be read: {error}. Mend or remove the file.") from None


def unknown_names() -> tuple[str, ...]:
    """Names of the environment that look like settings and are none: most often misspelled."""
    known = {name.upper() for name in setting_names()}
    return tuple(sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known))


def setting_names() -> dict[str, FieldInfo]:
    """Each setting as it is written in the environment."""
    return {_setting_name(name): info for name, info in Settings.model_fields.items()}


def _setting_name(field_name: str) -> str:
    """LiveKit's own variables have no prefix of ours."""
    alias = Settings.model_fields[field_name].validation_alias
    return str(alias) if alias is not None else f"{PREFIX}{field_name.upper()}"


def _fault(error: ErrorDetails) -> str:
    cause = error.get("ctx", {}).get("error")
    fault = str(cause) if cause is not None else error["msg"]
    if not error["loc"]:
        return fault
    told = str(error["loc"][0])
    field_name = next(
        (known for known in Settings.model_fields if told in (known, _setting_name(known))), told
    )
    name = _setting_name(field_name)
    if cause is not None:
        return f"{name}: {fault}."
    shown = "" if isinstance(error["input"], SecretStr) else f"{str(error['input'])[:_SHOWN_CHARACTERS]!r}: "
    return f"{name}: {shown}{fault}. It is {Settings.model_fields[field_name].description}."
