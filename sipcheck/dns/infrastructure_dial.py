"""Where the voice infrastructure would send a call for an address as given (docs/design/infrastructure.md, "Calls").

It resolves otherwise than RFC 3263: A and AAAA first, one address alone, and of an SRV record the port.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.dns.srv import SrvRecord
from sipcheck.host import is_address
from sipcheck.phrases.sentence import Sentence
from sipcheck.target import Target, TransportName, edge_name

_KEY = "warning.infrastructure-resolves-differently"


class Way(StrEnum):
    """What the address as given leads it to."""

    ADDRESS = "address"
    OWN_HOST = "own-host"  # an SRV record's target is thrown away
    NOWHERE = "nowhere"
    UNREADABLE = "unreadable"  # an IPv6 literal with a port loses its brackets on the way


@dataclass(frozen=True, slots=True)
class Dial:
    """Where a call goes; `address` is there for the way of an address alone.

    `addresses` are all of its family, any of which DNS may give first another time. `answered` is false where a
    question stands unanswered, so that nobody knows.
    """

    way: Way
    port: int
    transport: TransportName
    address: str | None = None
    addresses: tuple[str, ...] = ()
    answered: bool = True

    def __str__(self) -> str:
        return edge_name(self.address or "", self.port, self.transport)


def transport_of(target: Target) -> TransportName:
    """Name the transport for a target: UDP where none is asked for, whatever the port."""
    return TransportName.TLS if target.secure else target.transport or TransportName.UDP


def service_name(target: Target) -> str:
    """Name the SRV record that is asked for a name without an address: TLS' own is never."""
    over = "udp" if transport_of(target) is TransportName.UDP else "tcp"
    return f"_sip._{over}.{target.domain}"


def dial(
    target: Target, *, ipv4: Sequence[str] = (), ipv6: Sequence[str] = (), services: Sequence[SrvRecord] = ()
) -> Dial:
    """Choose by what DNS answered: the first IPv4 address, else the first of IPv6, else an SRV record's port."""
    transport = transport_of(target)
    port = target.port or transport.default_port
    if is_address(target.domain):
        if ":" in target.domain and target.port is not None:
            return Dial(Way.UNREADABLE, port, transport)
        return Dial(Way.ADDRESS, port, transport, target.domain, (target.domain,))
    addresses = tuple(ipv4 or ipv6)
    if addresses:
        return Dial(Way.ADDRESS, port, transport, addresses[0], addresses)
    for record in sorted(services, key=lambda each: each.priority):
        return Dial(Way.OWN_HOST, record.port, transport)
    return Dial(Way.NOWHERE, port, transport)


def difference(dialled: Dial, target: Target, edges: Collection[str]) -> Sentence | None:
    """Say what is different from where RFC 3263 leads; None where it is the same, or both lead nowhere.

    `edges` are those of RFC 3263 by name, none where it leads nowhere.
    """
    match dialled.way:
        case Way.NOWHERE:
            return Sentence.of(f"{_KEY}.nowhere", host=target.domain) if edges else None
        case Way.OWN_HOST:
            return Sentence.of(f"{_KEY}.own-host", host=target.domain, port=dialled.port)
        case Way.UNREADABLE:
            return Sentence.of(f"{_KEY}.unreadable", address=target.domain, port=dialled.port)
    if not edges:
        return Sentence.of(f"{_KEY}.alone", edge=dialled)
    if str(dialled) not in edges:
        return Sentence.of(f"{_KEY}.elsewhere", edge=dialled)
    if ":" in (dialled.address or ""):
        return Sentence.of(f"{_KEY}.ipv6", edge=dialled)
    return None
