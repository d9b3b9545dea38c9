"""The pair of UDP sockets of one call: RTP on an even port, RTCP on the next (RFC 3550 §11)."""

import errno
import re
import secrets
import socket
from contextlib import ExitStack
from dataclasses import dataclass

from sipcheck.egress import address_family
from sipcheck.errors import SettingInvalid, TransportFailed
from sipcheck.failure import Failure
from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import phrase
from sipcheck.reasons import Reason
from sipcheck.target import HostPort

_RANGE = re.compile(r"\s*([0-9]{1,5})\s*-\s*([0-9]{1,5})\s*", re.ASCII)
_FIRST_UNPRIVILEGED = 1024


@dataclass(frozen=True, slots=True)
class PortRange:
    """From which ports RTP is taken, both ends among them; below those that systems give away by themselves."""

    first: int = 16384
    last: int = 19999

    @classmethod
    def parse(cls, text: str) -> "PortRange":
        """Read `A-B`. Raises SettingInvalid with the value, the fault and how to mend it."""
        found = _RANGE.fullmatch(text)
        first, last = (int(found[1]), int(found[2])) if found else (0, 0)
        if not _FIRST_UNPRIVILEGED <= first < last <= 65535:
            raise SettingInvalid(_sentence("media.ports.unusable", text=repr(text[:40])))
        return cls(first, last)

    @property
    def even(self) -> range:
        """The ports that RTP may have: each with the next one still in the range."""
        return range(self.first + self.first % 2, self.last, 2)

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


DEFAULT_PORTS = PortRange()


@dataclass(frozen=True, slots=True)
class MediaSockets:
    """Bound, and closed by `close`; `local` is where RTP is awaited."""

    rtp: socket.socket
    rtcp: socket.socket
    local: HostPort

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


def bind_media(address: str, ports: PortRange = DEFAULT_PORTS) -> MediaSockets:
    """Bind a pair at an address of ours, at a place of the range that nobody can tell before.

    Raises TransportFailed where no two neighbouring ports are free, or the address is none of ours.
    """
    even = ports.even
    start = secrets.randbelow(len(even)) if even else 0
    for step in range(len(even)):
        try:
            return _bind_at(address, even[(start + step) % len(even)])
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise TransportFailed(_failure(error)) from error
    said = {"first": ports.first, "last": ports.last, "address": address}
    raise TransportFailed(Failure.of(Reason.OVERLOADED, "media.port.none", **said))


def _bind_at(address: str, port: int) -> MediaSockets:
    with ExitStack() as stack:
        rtp, rtcp = (stack.enter_context(_bind(address, each)) for each in (port, port + 1))
        stack.pop_all()
    return MediaSockets(rtp, rtcp, HostPort(address, port))


def _bind(address: str, port: int) -> socket.socket:
    bound = socket.socket(address_family(address), socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound


def _failure(error: OSError) -> Failure:
    name = errno.errorcode.get(error.errno or 0, "OSError")
    return Failure.of(Reason.HOST_UNREACHABLE, "connection.system", words=error.strerror, name=name)


def _sentence(key: str, **parameters: object) -> str:
    said = phrase(Sentence.of(key, **parameters))
    return f"{said[:1].upper()}{said[1:]}."
