"""What a network does to a check: no route, ICMP, a firewall that drops; each in a namespace of its own.

Nothing is simulated above IP: the packets are the kernel's own, and the router is a tun device's other end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from sipcheck import (
    Engine,
    EngineSettings,
    Guard,
    Outcome,
    Party,
    Reason,
    Report,
    TransportName,
    parse_target,
)
from tests.peers.network_namespace import NamespaceRefused, Router, drop, run_in_namespace, unreachable

pytestmark = pytest.mark.peers

FAR = "198.51.100.7"
GUARD = Guard(allow_networks=(ip_network("198.51.100.0/24"), ip_network("10.254.0.0/16")))
UDP, TCP, TLS = TransportName.UDP, TransportName.TCP, TransportName.TLS
# RFC 792 and RFC 1122 §3.2.2.1: the codes of "destination unreachable".
NET, HOST, PORT, HOST_PROHIBITED, ADMINISTRATIVELY = 0, 1, 3, 10, 13


@dataclass(frozen=True, slots=True)
class Row:
    """A network, what is verified over it, and what comes of it."""

    name: str
    reason: Reason
    transport: TransportName
    router: Router | None = None
    routes: tuple[str, ...] = ()
    address: str = FAR

    def __str__(self) -> str:
        return f"{self.name}-{self.transport}"


def each(
    name: str,
    reason: Reason,
    *transports: TransportName,
    router: Router | None = None,
    routes: tuple[str, ...] = (),
    address: str = FAR,
) -> list[Row]:
    return [Row(name, reason, transport, router, routes, address) for transport in transports]


ROWS = [
    *each("no-route", Reason.HOST_UNREACHABLE, UDP, TCP, TLS),
    *each("no-ipv6", Reason.HOST_UNREACHABLE, UDP, TCP, router=drop, address="2606:4700::1"),
    *each(
        "unreachable-route",
        Reason.HOST_UNREACHABLE,
        UDP,
        TCP,
        routes=("unreachable 10.254.0.0/16",),
        address="10.254.3.4",
    ),
    *each(
        "prohibited-route",
        Reason.HOST_UNREACHABLE,
        UDP,
        TCP,
        routes=("prohibit 10.254.0.0/16",),
        address="10.254.3.4",
    ),
    *each("icmp-net", Reason.HOST_UNREACHABLE, UDP, TCP, router=unreachable(NET)),
    *each("icmp-host", Reason.HOST_UNREACHABLE, UDP, TCP, TLS, router=unreachable(HOST)),
    *each("icmp-host-short-quote", Reason.HOST_UNREACHABLE, UDP, router=unreachable(HOST, quoted_octets=8)),
    *each("icmp-host-prohibited", Reason.HOST_UNREACHABLE, UDP, TCP, router=unreachable(HOST_PROHIBITED)),
    *each("icmp-filtered", Reason.HOST_UNREACHABLE, UDP, TCP, router=unreachable(ADMINISTRATIVELY)),
    *each("icmp-port", Reason.CONNECTION_REFUSED, UDP, TCP, router=unreachable(PORT)),
    *each("icmp-port-short-quote", Reason.CONNECTION_REFUSED, UDP, router=unreachable(PORT, quoted_octets=8)),
    *each("dropped", Reason.CONNECTION_TIMEOUT, TCP, TLS, router=drop),
    *each("dropped", Reason.NO_RESPONSE, UDP, router=drop),
]
PARTIES = {
    Reason.HOST_UNREACHABLE: (Outcome.INCONCLUSIVE, Party.NETWORK),
    Reason.CONNECTION_REFUSED: (Outcome.FAILED, Party.CARRIER),
    Reason.CONNECTION_TIMEOUT: (Outcome.FAILED, Party.NETWORK),
    Reason.NO_RESPONSE: (Outcome.FAILED, Party.NETWORK),
}


def verify(row: Row) -> Report:
    text = f"[{row.address}]" if ":" in row.address else row.address

    async def run() -> Report:
        async with Engine(EngineSettings(guard=GUARD)) as engine:
            return await engine.verify(parse_target(text, transport=row.transport), timeout_seconds=2)

    return inside(lambda: run_in_namespace(run, router=row.router, routes=row.routes))


def inside(work: Callable[[], Report]) -> Report:
    try:
        return work()
    except NamespaceRefused as refusal:
        pytest.skip(f"this system grants no network namespace: {refusal}")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_network_and_its_verdict(row: Row) -> None:
    report = verify(row)
    assert report.reason is row.reason, report.summary
    assert (report.outcome, report.party) == PARTIES[row.reason]
    assert row.address in report.summary


@pytest.mark.parametrize("code", [NET, HOST, PORT, HOST_PROHIBITED, ADMINISTRATIVELY])
@pytest.mark.parametrize("transport", [UDP, TCP])
def test_an_icmp_error_ends_it_at_once(transport: TransportName, code: int) -> None:
    """RFC 3261 §18.4: nothing is sent again after it."""
    report = verify(Row("icmp", Reason.HOST_UNREACHABLE, transport, unreachable(code)))
    assert sum(step.direction == "sent" for step in report.trace) == (1 if transport is UDP else 0)
    assert report.edges[0].retransmissions == 0
