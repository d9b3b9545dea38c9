"""Liveness asked by a question that was written once says what the plain path says, whatever the carrier does."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from sipcheck import Engine, EngineSettings, Target, TransportName
from sipcheck.dns.route import Edge
from sipcheck.reasons import Reason
from sipcheck.sweep.liveness import Liveness, ask_edges
from sipcheck.sweep.liveness_question import LivenessHeard, LivenessQuestion, write_question
from sipcheck.transaction.time_plan import TimePlan
from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, Script, UdpPeer, silent
from tests.sipcheck.conftest import LOOPBACK

# For peers that answer, on a machine that does other things too; and for those that do not.
TIMEOUT_SECONDS = 10.0
SILENCE_SECONDS = 0.5
LATENCY_UNKNOWN = 1.0


@dataclass(frozen=True)
class Case:
    script: Script
    alive: bool
    reason: Reason
    by_register: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    timeout_seconds: float = TIMEOUT_SECONDS


def answers(
    status: int,
    headers: Sequence[tuple[str, str]] = (),
    *,
    after_seconds: float = 0.0,
    from_elsewhere: bool = False,
) -> Script:
    return lambda request: [
        Reply(
            data=reply_to(request, status, "As told", headers=headers),
            after_seconds=after_seconds,
            from_elsewhere=from_elsewhere,
        )
    ]


def abbreviated(request: bytes) -> Sequence[bytes]:
    """A header in its short form is not plain, and read in full."""
    return [reply_to(request).replace(b"Call-ID:", b"i:")]


def trying_first(request: bytes) -> Sequence[bytes]:
    return [reply_to(request, 100, "Trying"), reply_to(request)]


OVERLOADED = (("Retry-After", "30"), ("Server", "Switch 1"), ("Allow", "OPTIONS, INVITE"))

CASES = {
    "200": Case(answers(200), True, Reason.ALIVE),
    "401": Case(
        answers(401, headers=(("WWW-Authenticate", 'Digest realm="r", nonce="n"'),)), True, Reason.ALIVE
    ),
    "407 with a challenge that nobody can read": Case(
        answers(407, headers=(("Proxy-Authenticate", "Digest"),)), True, Reason.ALIVE
    ),
    "404": Case(answers(404), True, Reason.ALIVE),
    "501": Case(answers(501), True, Reason.ALIVE),
    "603": Case(answers(603), True, Reason.ALIVE),
    "302": Case(answers(302, headers=(("Contact", "<sip:elsewhere.example>"),)), True, Reason.ALIVE),
    "408": Case(answers(408), False, Reason.SIP_REQUEST_TIMEOUT),
    "500": Case(answers(500), False, Reason.SIP_SERVER_ERROR),
    "503 that says more": Case(
        answers(503, headers=OVERLOADED),
        False,
        Reason.SIP_SERVICE_UNAVAILABLE,
        facts={"Server": "Switch 1", "Allow": "OPTIONS, INVITE", "Retry-After": "30"},
    ),
    "silence": Case(silent, False, Reason.NO_RESPONSE, timeout_seconds=SILENCE_SECONDS),
    "from another port": Case(answers(200, from_elsewhere=True), True, Reason.ALIVE),
    "abbreviated": Case(abbreviated, True, Reason.ALIVE),
    "100 first": Case(trying_first, True, Reason.ALIVE),
    "no SIP": Case(
        lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"], False, Reason.SIP_NOT_SPOKEN, timeout_seconds=1.0
    ),
    "late": Case(answers(200, after_seconds=0.3), True, Reason.ALIVE),
    "REGISTER, 401": Case(
        answers(401, headers=(("WWW-Authenticate", 'Digest realm="r", nonce="n"'),)),
        True,
        Reason.ALIVE,
        by_register=True,
    ),
    "REGISTER, silence": Case(
        silent, False, Reason.NO_RESPONSE, by_register=True, timeout_seconds=SILENCE_SECONDS
    ),
    "REGISTER, 503": Case(answers(503), False, Reason.SIP_SERVICE_UNAVAILABLE, by_register=True),
}


async def asked(question: LivenessQuestion, edges: Sequence[Edge], timeout_seconds: float) -> Liveness:
    heard: asyncio.Future[LivenessHeard] = asyncio.get_running_loop().create_future()
    question.ask(heard.set_result, TimePlan(timeout_seconds, is_measure=True))
    return (await heard).liveness(edges)


def without_measures(found: Liveness) -> Liveness:
    """What two askings of one carrier have in common: not the times, nor what only one of them read."""
    return replace(
        found,
        latency_ms=None if found.latency_ms is None else LATENCY_UNKNOWN,
        facts=None if found.alive else found.facts,
        edges=tuple(
            replace(
                edge,
                latency_ms=None if edge.latency_ms is None else LATENCY_UNKNOWN,
                facts=None if edge.alive else edge.facts,
                sent=min(1, edge.sent),  # a slow machine sends again
                call_id=None,
            )
            for edge in found.edges
        ),
    )


@pytest.mark.parametrize("name", CASES)
async def test_both_ways_find_the_same(name: str, udp_peer_factory: Callable[..., UdpPeer]) -> None:
    case = CASES[name]
    peer = udp_peer_factory(case.script)
    target = Target("127.0.0.1", peer.port, TransportName.UDP)
    edges = (Edge("127.0.0.1", "127.0.0.1", peer.port, TransportName.UDP),)
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        plain = await ask_edges(
            engine,
            target,
            edges,
            timeout_seconds=case.timeout_seconds,
            by_register=case.by_register,
            fresh=True,
        )
        question = write_question(engine, target, edges, by_register=case.by_register)
        assert question is not None
        quick = await asked(question, edges, case.timeout_seconds)
        again = await asked(question, edges, case.timeout_seconds)
    assert (quick.alive, quick.reason) == (case.alive, case.reason)
    assert without_measures(quick) == without_measures(plain) == without_measures(again)
    assert plain.facts is not None
    assert {**plain.facts, **case.facts} == plain.facts
    assert quick.sent == {"127.0.0.1": quick.edges[0].sent}
    # A request that failed is named as the carrier's logs have it.
    names = [each.edges[0].call_id for each in (plain, quick, again)]
    heard = b"".join(datagram.data for datagram in peer.received).decode()
    assert len(set(names)) == (1 if case.alive else 3)
    assert all(name is None if case.alive else f": {name}\r\n" in heard for name in names)


async def test_a_port_where_nothing_listens_is_found_by_both() -> None:
    port = free_port("127.0.0.1")
    edges = (Edge("127.0.0.1", "127.0.0.1", port, TransportName.UDP),)
    target = Target("127.0.0.1", port, TransportName.UDP)
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        plain = await ask_edges(engine, target, edges, timeout_seconds=TIMEOUT_SECONDS, fresh=True)
        question = write_question(engine, target, edges)
        assert question is not None
        quick = await asked(question, edges, TIMEOUT_SECONDS)
    assert without_measures(quick) == without_measures(plain)
    assert quick.reason is Reason.CONNECTION_REFUSED


async def test_of_several_edges_the_first_that_lives_decides_in_their_order(
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    peers = [
        udp_peer_factory(answers(503), address="127.0.0.2"),
        udp_peer_factory(answers(200, after_seconds=0.1), address="127.0.0.3"),
        udp_peer_factory(answers(404), address="127.0.0.4"),
    ]
    edges = tuple(Edge("many.example", peer.address, peer.port, TransportName.UDP) for peer in peers)
    target = Target("many.example", None, TransportName.UDP)
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        question = write_question(engine, target, edges)
        assert question is not None
        found = await asked(question, edges, TIMEOUT_SECONDS)
    assert (found.alive, found.some_dead, found.sip_status) == (True, True, 200)
    assert [(each.edge, each.alive, each.sip_status) for each in found.edges] == [
        (edges[0], False, 503),
        (edges[1], True, 200),
        (edges[2], True, 404),
    ]
    assert set(found.sent) == {"127.0.0.2", "127.0.0.3", "127.0.0.4"}


async def test_each_asking_is_a_transaction_of_its_own(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(answers(200))
    edges = (Edge("127.0.0.1", "127.0.0.1", peer.port, TransportName.UDP),)
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        question = write_question(engine, Target("127.0.0.1", peer.port, TransportName.UDP), edges)
        assert question is not None
        for _ in range(3):
            assert (await asked(question, edges, TIMEOUT_SECONDS)).alive
    sent = {datagram.data for datagram in peer.received}
    assert len(sent) == 3
    assert all(b"From: <sip:trunk-check@127.0.0.1>;tag=" in each for each in sent)


@pytest.mark.parametrize("username", [None, "alice"])
@pytest.mark.parametrize("by_register", [False, True])
async def test_both_ways_ask_in_the_same_name(
    udp_peer_factory: Callable[..., UdpPeer], username: str | None, by_register: bool
) -> None:
    peer = udp_peer_factory(answers(200))
    target = Target("127.0.0.1", peer.port, TransportName.UDP)
    edges = (Edge("127.0.0.1", "127.0.0.1", peer.port, TransportName.UDP),)
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        await ask_edges(
            engine, target, edges, timeout_seconds=TIMEOUT_SECONDS, by_register=by_register, username=username
        )
        question = write_question(engine, target, edges, by_register=by_register, username=username)
        assert question is not None
        await asked(question, edges, TIMEOUT_SECONDS)
    asked_as = [each.data.partition(b"From: ")[2].partition(b";")[0] for each in peer.received]
    assert len(asked_as) >= 2
    assert set(asked_as) == {f"<sip:{username or 'trunk-check'}@127.0.0.1>".encode()}


@pytest.mark.parametrize(
    ("transport", "address", "from_user"),
    [
        (TransportName.TCP, "127.0.0.1", "trunk-check"),
        (TransportName.UDP, "127.0.0.1", "u" * 1300),
        (TransportName.UDP, "::1", "trunk-check"),
    ],
    ids=["by TCP", "too large for a datagram", "no way from our source address"],
)
async def test_what_the_plain_path_has_to_ask_has_no_question(
    transport: TransportName, address: str, from_user: str
) -> None:
    target = Target(address, 5060, transport)
    settings = EngineSettings(guard=LOOPBACK, source_address="127.0.0.1", from_user=from_user)
    async with Engine(settings) as engine:
        assert write_question(engine, target, (Edge(address, address, 5060, transport),)) is None
