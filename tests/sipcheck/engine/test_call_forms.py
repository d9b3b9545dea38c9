"""OPTIONS asked once more as calls would carry it: behind the verdict, and never part of it."""

from collections.abc import Callable, Sequence

import pytest

from sipcheck import Credentials, Engine, EngineSettings, Report, Target, TransportName
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.dns.infrastructure_dial import Dial
from sipcheck.report.model import Direction
from sipcheck.settings import Infrastructure
from sipcheck.target import HostPort
from sipcheck.verification.call_form import CallForm, FormAnswer
from sipcheck.verification.call_forms import FormQuestions, same_answer
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import LOOPBACK

HOST = "127.0.0.1"
NAME = HostPort("sip1.carrier.example", 5070)
CHALLENGE = ("WWW-Authenticate", 'Digest realm="r", nonce="n"')
SETTINGS = EngineSettings(guard=LOOPBACK, infrastructure=Infrastructure.LIVEKIT)

Script = Callable[[bytes], Sequence[bytes]]


def takes(request: bytes) -> Sequence[bytes]:
    if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
        return [reply_to(request)]
    return [reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])]


def refuses_route(request: bytes) -> Sequence[bytes]:
    return [reply_to(request, 403, "Not relaying")] if b"\r\nRoute:" in request else takes(request)


def drops_route(request: bytes) -> Sequence[bytes]:
    return [] if b"\r\nRoute:" in request else takes(request)


def refuses_both(request: bytes) -> Sequence[bytes]:
    if b"carrier.example" in request.partition(b"\r\n")[0]:
        return [reply_to(request, 404, "Not Found")]
    return refuses_route(request)


class Asked:
    """Want a Route and then a name at each edge, and keep what came."""

    def __init__(self) -> None:
        self.answers: list[FormAnswer] = []
        self.dialled: Dial | None = None

    async def wanted(self, report: Report, dialled: Dial | None) -> Sequence[Sequence[CallForm]]:
        self.dialled = dialled
        return [
            [
                CallForm(f"{edge.address}:{edge.port}/{edge.transport}", route="<sip:127.0.0.1;lr>"),
                CallForm(f"{edge.address}:{edge.port}/{edge.transport}", host=NAME),
            ]
            for edge in report.edges
        ]

    def heard(self, answers: Sequence[FormAnswer]) -> None:
        self.answers += answers


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (takes, [(True, "200 OK")]),
        (refuses_route, [(False, "403 Not relaying"), (True, "200 OK")]),
        (drops_route, [(False, "no answer"), (True, "200 OK")]),
        (refuses_both, [(False, "403 Not relaying"), (False, "404 Not Found")]),
    ],
)
async def test_what_an_edge_says_to_a_form_changes_no_verdict(
    udp_peer_factory: Callable[..., UdpPeer], script: Script, said: list[tuple[bool, str]]
) -> None:
    peer = udp_peer_factory(script)
    target = Target(HOST, peer.port, TransportName.UDP)
    asked = Asked()
    credentials = Credentials("alice", "secret")
    async with Engine(SETTINGS) as engine:
        plain = await engine.verify(target, credentials=credentials)
        report = await engine.verify(
            target, credentials=credentials, forms=FormQuestions(asked.wanted, asked.heard)
        )
    assert [(each.same, each.said) for each in asked.answers] == said
    assert (report.outcome, report.reason, report.knocks) == (plain.outcome, plain.reason, plain.knocks)
    assert report.checks[-1].code == plain.checks[-1].code
    sent = [step.text for step in report.trace if step.direction is Direction.SENT]
    routed = [text for text in sent if "Route: <sip:127.0.0.1;lr>" in text]
    named = [text for text in sent if f"OPTIONS sip:{NAME} " in text and f"To: <sip:{NAME.host}>" in text]
    assert routed
    assert len(named) == len(said) - 1
    assert asked.dialled is not None
    assert asked.dialled.addresses == (HOST,)


async def test_what_a_guard_may_count_is_counted(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(refuses_both)
    asked = Asked()
    async with Engine(SETTINGS) as engine:
        target = Target(HOST, peer.port, TransportName.UDP)
        report = await engine.verify(target, forms=FormQuestions(asked.wanted, asked.heard))
    assert (report.knocks, report.edges[0].knocks) == (1, 1)


async def test_a_stream_is_asked_over_the_connection_that_stands(
    tls_server_factory: Callable[..., TlsServer],
) -> None:
    server = tls_server_factory(script=refuses_route)
    asked = Asked()
    async with Engine(SETTINGS) as engine:
        target = Target(HOST, server.port, TransportName.TCP)
        await engine.verify(target, forms=FormQuestions(asked.wanted, asked.heard))
    assert [each.same for each in asked.answers] == [False, True]
    assert len(server.connections) == 1


def answered(status: int | None, *challenge: str) -> ExchangeResult:
    return ExchangeResult(method="OPTIONS", status=status, challenges=(challenge, ()))


@pytest.mark.parametrize(
    ("plainly", "came", "same"),
    [
        (answered(200), answered(200), True),
        (answered(200), answered(202), True),
        (answered(200), answered(403), False),
        (answered(200), answered(None), False),
        (answered(404), answered(404), True),
        (answered(404), answered(403), False),
        (answered(401, "Digest a"), answered(401, "Digest b"), True),
        (answered(401, "Digest a"), answered(401, "Basic b"), False),
        (answered(401, "Digest a"), answered(407, "Digest b"), False),
        (answered(401, "Digest a"), answered(200), False),
        (answered(None), answered(None), False),
        (answered(503), answered(503), False),
    ],
)
def test_which_answers_are_the_same(plainly: ExchangeResult, came: ExchangeResult, same: bool) -> None:
    assert same_answer(plainly, came) is same
