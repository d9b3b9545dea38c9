"""What `trunkd doctor` looks at: each check is told the settings, and says what it found or raises CheckFailed."""

import asyncio
import os
import shutil
import socket
import stat
from pathlib import Path

from dns.asyncquery import udp
from dns.exception import DNSException
from dns.message import make_query
from dns.resolver import NoResolverConfiguration, Resolver
from sqlalchemy import make_url

from sipcheck.errors import TransportFailed
from sipcheck.target import HostPort
from sipcheck.transport.udp import egress_address
from trunks.errors import KeysUnusable
from trunks.installation.installation import read_keys
from trunks.installation.settings import PREFIX, Settings
from trunks.secrets.keys import KEY_FILE_NAME
from worker.app import make_app
from worker.broker_ping import broker_answers

_LEAST_FREE_BYTES = 200 * 1024 * 1024
_LEAST_FREE_SHARE = 0.02
_DNS_WITHIN_SECONDS = 3.0
_DNS_PORT = 53
# Asked for the way there alone: nothing is sent (RFC 5737 and RFC 3849 keep these for documentation).
_SOMEWHERE_IPV4 = HostPort("192.0.2.1", 5060)
_SOMEWHERE_IPV6 = HostPort("2001:db8::1", 5060)


class CheckFailed(Exception):
    """A check found a fault; a harmless one keeps nothing from working."""

    def __init__(self, fault: str, fix: str, *, harmless: bool = False) -> None:
        super().__init__(fault)
        self.fix = fix
        self.harmless = harmless


def store_file(settings: Settings) -> Path | None:
    """The SQLite file; None where the store is a server."""
    found = make_url(settings.store_url).database if settings.uses_sqlite else None
    return Path(found).absolute() if found else None


def data_dir(settings: Settings) -> str:
    """The directory of the SQLite file and the keys is there, ours to write, and nobody else's to read."""
    file = store_file(settings)
    store_elsewhere = file is not None and file.parent != settings.data_dir.absolute()
    if file is not None and store_elsewhere:
        _require_shut_store(file)
    if settings.database_url is not None and settings.secret_keys is not None:
        where = "the database and the keys are elsewhere." if file is None else f"the store is {file}."
        return f"not used: {where}"
    folder = settings.data_dir
    name = f"{PREFIX}DATA_DIR"
    if not folder.is_dir():
        raise CheckFailed(
            f"{folder} does not exist.", f"run trunkd migrate, or set {name} to the right directory."
        )
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise CheckFailed(
            f"{folder} cannot be written by this user.", f"chown it to the user of trunkd, or set {name}."
        )
    # A directory that is shut keeps the files shut, and one that is not is the first to be named.
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        raise CheckFailed(f"{folder} can be read by others (mode {mode:04o}).", f"run chmod go= {folder}.")
    _require_own(folder)
    return f"{folder.absolute()} is writable, and shut to others."


def _require_shut_store(file: Path) -> None:
    """A store that has a place of its own: others may neither read the file nor put another in its place."""
    folder = file.parent
    if not folder.is_dir():
        raise CheckFailed(
            f"{folder}, where the store is to be, does not exist.",
            f"make it for the user of trunkd, with mode 0700, or correct {PREFIX}DATABASE_URL.",
        )
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o022:
        raise CheckFailed(
            f"{folder}, where the store is, can be written by others (mode {mode:04o}).",
            f"run chmod go-w {folder}, or move the store to a folder of its own.",
        )
    if file.exists() and (mode := stat.S_IMODE(file.stat().st_mode)) & 0o077:
        raise CheckFailed(f"{file} can be read by others (mode {mode:04o}).", f"run chmod go= {file}*.")
    _require_own(folder)


def _require_own(folder: Path) -> None:
    """Root may do what the service may not: what it finds says nothing of that."""
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise CheckFailed(
            f"{folder} belongs to user {owner}, and this command runs as user {os.geteuid()}.",
            "run it as the user of trunkd: what that one may read and write is not seen from here.",
            harmless=True,
        )


def disk(settings: Settings) -> str:
    """There is room where the store grows."""
    file = store_file(settings)
    if file is None:
        return "not looked at: the database is elsewhere."
    folder = file.parent if file.parent.is_dir() else Path()
    usage = shutil.disk_usage(folder)
    free = f"{usage.free // 1024**2} MiB free of {usage.total // 1024**2}"
    if usage.free < max(_LEAST_FREE_BYTES, usage.total * _LEAST_FREE_SHARE):
        raise CheckFailed(f"{free} at {folder.absolute()}.", "make room: a full disk ends all writing.")
    return f"{free}."


def keys(settings: Settings) -> str:
    """The keys of stored secrets can be read."""
    try:
        found = read_keys(settings)
    except KeysUnusable as fault:
        raise CheckFailed(
            str(fault), f"see there; {KEY_FILE_NAME} or {PREFIX}SECRET_KEYS has to hold them."
        ) from fault
    return f"{len(found)} at hand, the newest is {found[0].id}."


def broker(settings: Settings) -> str:
    """The broker takes connections."""
    if settings.broker_url is None:
        return "in the process; trunkd up needs no other."
    try:
        broker_answers(make_app(settings))
    except Exception as error:
        # Each transport has its own errors; their text may hold the URL with its password.
        raise CheckFailed(
            f"it does not answer ({type(error).__name__}).", f"start it, or correct {PREFIX}BROKER_URL."
        ) from error
    return "it answers."


def dns(settings: Settings) -> str:
    """Each name server gives an answer, whatever it says."""
    servers = settings.nameservers or _system_nameservers()
    if not servers:
        raise CheckFailed(
            "the system names no name server.", f"set {PREFIX}NAMESERVERS, or mend /etc/resolv.conf."
        )
    silent = [str(server) for server in servers if not asyncio.run(_answers(server))]
    if silent:
        raise CheckFailed(
            f"{', '.join(silent)} does not answer.",
            f"mend it, or set {PREFIX}NAMESERVERS to one that does.",
            harmless=len(silent) < len(servers),
        )
    return f"{', '.join(map(str, servers))} answers."


def _system_nameservers() -> tuple[HostPort, ...]:
    try:
        return tuple(HostPort(str(address)) for address in Resolver().nameservers)
    except NoResolverConfiguration:
        return ()


async def _answers(server: HostPort) -> bool:
    try:
        await udp(
            make_query(".", "NS"), server.host, timeout=_DNS_WITHIN_SECONDS, port=server.port or _DNS_PORT
        )
    except (DNSException, OSError):
        return False
    return True


def egress_ipv4(settings: Settings) -> str:
    """Checks can leave by IPv4."""
    return _egress(settings, socket.AF_INET, _SOMEWHERE_IPV4, harmless=False)


def egress_ipv6(settings: Settings) -> str:
    """Checks can leave by IPv6, which many an installation lives without."""
    return _egress(settings, socket.AF_INET6, _SOMEWHERE_IPV6, harmless=True)


def _egress(settings: Settings, family: socket.AddressFamily, somewhere: HostPort, *, harmless: bool) -> str:
    source = settings.sip_source_address
    if source is not None and (":" in source) != (family is socket.AF_INET6):
        return f"not used: checks leave from {source}."
    setting = f"{PREFIX}SIP_SOURCE_ADDRESS"
    if source is not None:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as bound:
                bound.bind((source, 0))
        except OSError as error:
            raise CheckFailed(
                f"{source} cannot be had: {error.strerror}.", f"set {setting} to an address of this machine."
            ) from error
        return f"checks leave from {source}."
    try:
        address = egress_address(somewhere, None)
    except (TransportFailed, OSError) as error:
        raise CheckFailed(
            f"there is no way out: {error}.",
            "mend the routes, where carriers are to be reached so.",
            harmless=harmless,
        ) from error
    return f"checks leave from {address}."
