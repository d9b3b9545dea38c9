"""The socket that the API is served on, bound before anything else is touched."""

import errno
import socket

from sipcheck.target import HostPort
from trunkd.faults import AddressInUse
from trunks.installation.settings import PREFIX, Settings

_BACKLOG = 2048


def listen(settings: Settings) -> socket.socket:
    """Bind and listen. Raises AddressInUse for whatever keeps the address from being had."""
    where = f"{settings.host}:{settings.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressInUse(
            f"{PREFIX}HOST: {settings.host!r} cannot be listened at: {error.strerror}."
        ) from error
    try:
        # Else the port of an ended process stays taken while its connections linger.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(_BACKLOG)
        bound.setblocking(False)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(
                f"{where} is in use, perhaps by another trunkd; end that, or set {PREFIX}PORT to another port."
            ) from error
        raise AddressInUse(f"{where} cannot be listened at: {error.strerror}; set {PREFIX}HOST.") from error
    return bound


def base_url(settings: Settings) -> str:
    return f"http://{HostPort(settings.host, settings.port)}"
