"""Who is connected, and what each of them is at: so that whoever lingers makes room for whoever comes.

No sockets here and no clock: connections are told of, and moments are given.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Generic, TypeVar

# Whoever is given one IPv6 address is given all of its network.
_IPV6_NETWORK_BITS = 64


class Phase(StrEnum):
    """What a connection is at. In all but the last it may be closed to make room, the longest in it first."""

    IDLE = "idle"  # no byte of a request is there
    HEAD = "head"  # a request began, and its headers are not whole
    BODY = "body"  # its headers are whole, and its body is not
    ANSWER = "answer"  # an answer is written, and the client does not read on
    REFUSED = "refused"  # it was told why, and may read that
    WORK = "work"  # the request is here, and is worked on


# How long a connection may be at it, in the order in which room is made. A body has at most 1 MiB, and an answer a few.
LONGEST_SECONDS = {
    Phase.REFUSED: 3.0,
    Phase.IDLE: 15.0,
    Phase.HEAD: 10.0,
    Phase.BODY: 30.0,
    Phase.ANSWER: 60.0,
}

Connection = TypeVar("Connection", bound=Hashable)


@dataclass(slots=True)
class _Standing:
    source: str
    phase: Phase
    since: float


@dataclass(slots=True)
class Connections(Generic[Connection]):
    """`most` connections at once, and `most_of_one` from one address."""

    most: int
    most_of_one: int
    _standing: dict[Connection, _Standing] = field(default_factory=dict)
    # In the order in which they came to be at it.
    _by_phase: dict[Phase, dict[Connection, None]] = field(
        default_factory=lambda: {phase: {} for phase in Phase}
    )
    _of_source: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self._standing)

    def enter(self, connection: Connection, address: str | None, now: float) -> Connection | None:
        """Take a new one in; where there is no room, give the one that has to go: the new one, where all others work.

        Whoever has to go counts no more.
        """
        source = source_of(address)
        makes_room = None
        if self._of_source[source] >= self.most_of_one:
            makes_room = self._longest_lingering(source)
        elif len(self._standing) >= self.most:
            makes_room = self._longest_lingering(self._of_source.most_common(1)[0][0])
        else:
            self._take_in(connection, source, now)
            return None
        if makes_room is None:
            return connection
        self.leave(makes_room)
        self._take_in(connection, source, now)
        return makes_room

    def at(self, connection: Connection, phase: Phase, now: float) -> None:
        """Note what one is at from now on, unless it is at it already or has left."""
        standing = self._standing.get(connection)
        if standing is None or standing.phase is phase:
            return
        del self._by_phase[standing.phase][connection]
        standing.phase, standing.since = phase, now
        self._by_phase[phase][connection] = None

    def again(self, connection: Connection, now: float) -> None:
        """Let one begin anew with what it is at: it was not its fault that it took so long."""
        standing = self._standing.get(connection)
        if standing is not None:
            phase = standing.phase
            del self._by_phase[phase][connection]
            standing.since = now
            self._by_phase[phase][connection] = None

    def leave(self, connection: Connection) -> None:
        """Forget one that is closed."""
        standing = self._standing.pop(connection, None)
        if standing is None:
            return
        del self._by_phase[standing.phase][connection]
        self._of_source[standing.source] -= 1
        if not self._of_source[standing.source]:
            del self._of_source[standing.source]

    def overdue(self, now: float) -> list[Connection]:
        """List those that have been at it for too long."""
        return [
            each for phase, seconds in LONGEST_SECONDS.items() for each in self._since(phase, now - seconds)
        ]

    def _since(self, phase: Phase, moment: float) -> Iterator[Connection]:
        for connection in self._by_phase[phase]:
            if self._standing[connection].since > moment:
                return
            yield connection

    def _take_in(self, connection: Connection, source: str, now: float) -> None:
        self._standing[connection] = _Standing(source, Phase.IDLE, now)
        self._by_phase[Phase.IDLE][connection] = None
        self._of_source[source] += 1

    def _longest_lingering(self, source: str) -> Connection | None:
        """Find whoever of an address has lingered longest: at a request first, then at none."""
        for phase in LONGEST_SECONDS:
            for connection in self._by_phase[phase]:
                if self._standing[connection].source == source:
                    return connection
        return None


def source_of(address: str | None) -> str:
    """Name whoever connects from an address."""
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:  # no network: a socket of this machine
        return ""
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed.version == 6:
        return str(ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))
    return str(parsed)
