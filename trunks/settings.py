"""The settings of an installation: environment variables TRUNKS_*, or a file .env (SERVICE.md)."""

import os
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from sipcheck.guard import Guard
from sipcheck.settings import EngineSettings
from sipcheck.target import HostPort
from trunks.errors import SettingsInvalid
from trunks.keys import parse_keys
from trunks.setting_values import (
    read_address,
    read_broker_url,
    read_database_url,
    read_domain,
    read_from_user,
    read_nameservers,
    read_networks,
    read_ports,
)

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


class Settings(BaseSettings):
    """Every setting's description says what would be right; it stands in faults and in `trunkd --help`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
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
    failure_threshold: int = Field(
        3, ge=1, le=100, description="failed checks in a row that take a trunk down, from 1 to 100"
    )
    require_proven_credentials: bool = Field(
        False, description="true or false: without proof of the credentials a trunk is not verified"
    )

    @model_validator(mode="after")
    def _need_keys_beside_postgresql(self) -> Self:
        if not self.uses_sqlite and self.secret_keys is None:
            raise ValueError(
                f"{PREFIX}SECRET_KEYS is not set, and PostgreSQL needs it: every process has to have the same "
                "keys. Set it to k1:$(openssl rand -base64 32), and keep a copy."
            )
        return self

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
    return {f"{PREFIX}{field.upper()}": info for field, info in Settings.model_fields.items()}


def _fault(error: ErrorDetails) -> str:
    cause = error.get("ctx", {}).get("error")
    fault = str(cause) if cause is not None else error["msg"]
    if not error["loc"]:
        return fault
    field = str(error["loc"][0])
    name = f"{PREFIX}{field.upper()}"
    if cause is not None:
        return f"{name}: {fault}."
    shown = "" if isinstance(error["input"], SecretStr) else f"{str(error['input'])[:_SHOWN_CHARACTERS]!r}: "
    return f"{name}: {shown}{fault}. It is {Settings.model_fields[field].description}."
