"""The exporter's modules: how to check, and which targets; read from a file of YAML (or JSON, which is YAML too)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sipcheck.cli.environment import Lasting
from sipcheck.cli.password import read_password
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.errors import CallerError
from sipcheck.guard import EVERY_NAME, Guard
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target, TransportName, parse_host_port, parse_target

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_MOST_TARGETS = 10_000
_MOST_BYTES = 16 * 1024 * 1024

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class ModulesInvalid(CallerError):
    """The file of modules cannot be used."""


class _Written(BaseModel):
    """A module as it is written; a name that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    targets: list[str] = Field(min_length=1, max_length=_MOST_TARGETS)
    transport: TransportName | None = None
    port: Port | None = None
    outbound_proxy: str | None = None
    username: str | None = None
    auth_username: str | None = None
    password_env: str | None = None
    password_file: Path | None = None
    realms: tuple[str, ...] = ()
    proof: Proof = Proof.AUTO
    timeout: Seconds = DEFAULT_TIMEOUT_SECONDS
    min_interval: Annotated[float, Field(ge=0, le=86400)] = 60.0
    nameservers: tuple[str, ...] = ()
    ca_file: Path | None = None
    tls_strict: bool = False
    allow_networks: tuple[str, ...] = ()
    allow_ports: tuple[Port, ...] = ()
    source_address: str | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    modules: dict[str, _Written] = Field(min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeModule:
    """How some targets are checked, and how long a result is kept for all who ask; targets are named as written."""

    name: str
    targets: Mapping[str, Target]
    settings: EngineSettings
    credentials: Credentials | None
    proof: Proof
    timeout_seconds: float
    min_interval_seconds: float


def read_modules(path: Path) -> dict[str, ProbeModule]:
    """Read the file. Raises ModulesInvalid, which names the file, the place, the fault and the mend."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ModulesInvalid(f"{str(path)!r} has more than 16 MB; give a file of modules")
        written = _File.model_validate(yaml.safe_load(data))
    except OSError as error:
        raise ModulesInvalid(
            f"{str(path)!r} cannot be read: {error.strerror}; give a file of modules"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ModulesInvalid(f"{str(path)!r} is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise ModulesInvalid(f"{str(path)!r}: {_first_fault(error)}") from error
    return {name: _read(path, name, module) for name, module in written.modules.items()}


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    given = "" if isinstance(first["input"], dict | list) else f" {first['input']!r}"
    return f"{where}{given}: {first['msg']}"


def _read(path: Path, name: str, written: _Written) -> ProbeModule:
    try:
        if not _NAME.fullmatch(name):
            raise ModulesInvalid("the name of a module is of letters, digits, '_', '.' and '-'")
        return ProbeModule(
            name=name,
            targets={text: _target(text, written) for text in written.targets},
            settings=_settings(written),
            credentials=_credentials(written),
            proof=written.proof,
            timeout_seconds=written.timeout,
            min_interval_seconds=written.min_interval,
        )
    except (CallerError, ValueError) as error:
        raise ModulesInvalid(f"{str(path)!r}, module {name!r}: {error}") from error


def _target(text: str, written: _Written) -> Target:
    return parse_target(
        text, transport=written.transport, port=written.port, outbound_proxy=written.outbound_proxy
    )


def _settings(written: _Written) -> EngineSettings:
    ca_file = Lasting.CA_FILE.one(None if written.ca_file is None else str(written.ca_file)).texts
    source = Lasting.SOURCE_ADDRESS.one(written.source_address).texts
    networks = Lasting.ALLOW_NETWORK.several(written.allow_networks).texts
    ports = Lasting.ALLOW_PORT.several([str(port) for port in written.allow_ports]).texts
    return EngineSettings(
        nameservers=tuple(map(parse_host_port, Lasting.NAMESERVER.several(written.nameservers).texts)),
        ca_file=Path(ca_file[0]) if ca_file else None,
        tls_strict=written.tls_strict,
        guard=Guard(
            allow_networks=tuple(map(ip_network, networks)),
            allow_ports=frozenset(map(int, ports)),
            allow_names=(EVERY_NAME,) if networks else (),
        ),
        source_address=source[0] if source else None,
    )


def _credentials(written: _Written) -> Credentials | None:
    password = read_password(variable=written.password_env, file=written.password_file, from_stdin=False)
    if written.username is None:
        if password is not None or written.auth_username is not None or written.realms:
            raise ModulesInvalid("a password, auth_username or realms without username; add username")
        if written.proof in (Proof.REGISTER, Proof.OPTIONS):
            raise ModulesInvalid(f"proof {written.proof} proves credentials, and none are given")
        return None
    if password is None:
        raise ModulesInvalid(f"username {written.username!r} needs a password_env or a password_file")
    return Credentials(written.username, password, written.auth_username, written.realms)
