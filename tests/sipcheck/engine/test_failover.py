"""Several addresses on the wire: which is asked for the proof, and what is judged (RFC 3263 §4.3).

tests/sipcheck/verification/test_time_plan_kept.py has every case on a clock that jumps.
"""

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from sipcheck import EngineSettings, Guard, Proof, Reason, Report, TransportName, WarningCode
from sipcheck.report.model import CheckName, CheckState, Direction
from tests.peers.call_peer import CallScript
from tests.peers.dns_server import DnsServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer, silent
from tests.sipcheck.conftest import ALICE, Verify

CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')
Script = Callable[[bytes], list[bytes]]


def registrar(request: bytes) -> list[bytes]:
    if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
        return [reply_to(request)]
    return [reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])]


def refusing_register(status: int) -> Script:
    return lambda request: [reply_to(request, 200 if request.startswith(b"OPTIONS") else status, "Answer")]


def srv(*peers: UdpPeer) -> str:
    """The peers in the order of their priorities."""
    records = [
        f"_sip._udp.x.example. SRV {10 * place} 0 {peer.port} a{place}.example.\na{place}.example. A {peer.address}"
        for place, peer in enumerate(peers, 1)
    ]
    return "\n".join(records)


def methods(peer: UdpPeer) -> list[str]:
    return [datagram.data.split(b" ", 1)[0].decode() for datagram in peer.received]


def branches(report: Report) -> list[str]:
    return [
        step.text.partition("branch=")[2].split("\n")[0]
        for step in report.trace
        if step.direction is Direction.SENT and step.text.startswith("REGISTER")
    ]


@pytest.mark.parametrize(
    ("first", "reason", "registered_at_second"),
    [
        (refusing_register(503), Reason.CREDENTIALS_PROVEN, 2),
        (refusing_register(404), Reason.ALIVE_CREDENTIALS_UNPROVEN, 0),
        (refusing_register(603), Reason.ALIVE_CREDENTIALS_UNPROVEN, 0),
        (silent, Reason.CREDENTIALS_PROVEN, 2),
    ],
    ids=["503", "404", "603", "silence"],
)
async def test_the_proof_goes_on_to_the_next_address(
    first: Script,
    reason: Reason,
    registered_at_second: int,
    udp_peer_factory: Callable[..., UdpPeer],
    dns_server_factory: Callable[..., DnsServer],
    verify: Verify,
    windowed: bool,
) -> None:
    peers = (udp_peer_factory(first), udp_peer_factory(registrar, address="127.0.0.2"))
    dns = dns_server_factory(srv(*peers))
    report = await verify(
        "x.example", dns=dns, transport=TransportName.UDP, credentials=ALICE, timeout_seconds=5
    )
    assert report.reason is reason, report.summary
    assert methods(peers[1]).count("REGISTER") == registered_at_second
    assert len(set(branches(report))) == len(branches(report))
    down = [warning.edge for warning in report.warnings if warning.code is WarningCode.EDGE_DOWN]
    assert down == ([f"127.0.0.1:{peers[0].port}/udp"] if first is silent else [])


async def test_every_address_that_dns_gave_is_judged(
    udp_peer_factory: Callable[..., UdpPeer], dns_server_factory: Callable[..., DnsServer], verify: Verify
) -> None:
    """docs/design/sip.md, hazard 3: also those above the number that is used; nothing is sent to any of them."""
    peer = udp_peer_factory(registrar)
    allowed = [f"a.example. A 127.0.0.{number}" for number in range(1, 41)]
    allowed += [f"_sip._udp.x.example. SRV 1 0 {peer.port} a.example."]
    last = [f"_sip._udp.x.example. SRV 2 0 {peer.port} b.example.", "b.example. A 10.0.0.1"]
    guard = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
    dns = dns_server_factory("\n".join([*allowed, *last]))
    report = await verify(
        "x.example", dns=dns, settings=EngineSettings(guard=guard), transport=TransportName.UDP
    )
    assert report.reason is Reason.ADDRESS_FORBIDDEN, report.summary
    assert "10.0.0.1" in report.summary + report.advice
    assert len(report.edges) == 32
    assert not any(edge.address == "10.0.0.1" for edge in report.edges)  # it stood above the cap
    assert peer.received == []

    dns.serve("\n".join(allowed))
    report = await verify(
        "x.example", dns=dns, settings=EngineSettings(guard=guard), transport=TransportName.UDP
    )
    assert next(check.state for check in report.checks if check.name is CheckName.ADDRESS) is CheckState.OK
    assert WarningCode.DNS_PARTIAL in {warning.code for warning in report.warnings}


async def test_a_call_that_is_taken_while_another_address_is_awaited_is_told(
    dns_server_factory: Callable[..., DnsServer], verify: Verify
) -> None:
    """The proof has its end by then, and the report is not yet written."""

    class Late(CallScript):
        def __call__(self, request: bytes) -> list[bytes | Reply]:
            given = super().__call__(request)
            if request.startswith(b"CANCEL"):
                taken = given.pop()
                assert isinstance(taken, bytes)
                given.append(Reply(data=taken, after_seconds=0.2))
            return given

    def slow(request: bytes) -> list[Reply]:
        return [Reply(data=reply_to(request), after_seconds=1.0)]

    script = Late(cancelled=((487, "Terminated"), (200, "OK")))
    with UdpPeer(script) as peer, UdpPeer(slow, address="127.0.0.2") as other:
        script.port = peer.port
        report = await verify(
            "x.example",
            dns=dns_server_factory(srv(peer, other)),
            transport=TransportName.UDP,
            credentials=ALICE,
            proof=Proof.INVITE,
        )
    assert report.reason is Reason.CREDENTIALS_PROVEN
    taken = [
        step
        for step in report.trace
        if step.text.startswith("SIP/2.0 200") and " INVITE\n" in step.text.replace("\r", "")
    ]
    assert len(taken) == 1
    assert WarningCode.CALL_WAS_ANSWERED in {warning.code for warning in report.warnings}
