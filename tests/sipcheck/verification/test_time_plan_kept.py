"""docs/design/sip.md, "The time plan of one verification", on a clock that jumps.

Once for real in tests/sipcheck/engine.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from sipcheck import Credentials, Engine, EngineSettings, HostPort, Reason, Report, TransportName, WarningCode
from sipcheck.credentials import BeforeCredentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.dns.route import Edge, Route
from sipcheck.report.model import Check, CheckName, CheckState
from sipcheck.report.trace import Trace
from sipcheck.target import parse_target
from sipcheck.transaction.run_context import RunContext
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.verification.edge_order import EdgeOrder
from sipcheck.verification.edge_probe import EdgeProbe
from sipcheck.verification.identity import Identity
from sipcheck.verification.report_builder import ReportBuilder
from tests.peers.memory_carrier import Delayed, MemoryCarrier, Script, silent
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.peers.udp_peer import silent as keeping_silent
from tests.peers.virtual_clock import on_virtual_clock
from tests.sipcheck.conftest import ALICE, LOOPBACK

A, B, C = "192.0.2.10", "192.0.2.20", "192.0.2.30"
TIMEOUTS = [1.0, 5.0, 10.0, 30.0]
CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')


def answering(after_seconds: float = 0.0, *, status: int = 200) -> Script:
    """Answer everything, REGISTER too, with a status."""
    return lambda request: [Delayed(reply_to(request, status, "Answer"), after_seconds)]


def registrar(after_seconds: float = 0.0) -> Script:
    """Answer OPTIONS after this long, and REGISTER at once, challenging first."""

    def script(request: bytes) -> list[Delayed]:
        if request.startswith(b"OPTIONS"):
            return [Delayed(reply_to(request), after_seconds)]
        if b"\r\nAuthorization:" in request:
            return [Delayed(reply_to(request))]
        return [Delayed(reply_to(request, 401, "Unauthorized", headers=[CHALLENGE]))]

    return script


def refusing_register(status: int) -> Script:
    """Answer OPTIONS with 200 and REGISTER with a status."""

    def script(request: bytes) -> list[Delayed]:
        return [Delayed(reply_to(request, 200 if request.startswith(b"OPTIONS") else status, "Answer"))]

    return script


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what the edges got, the report, and how long it took by its own clock."""

    carrier: MemoryCarrier
    report: Report
    seconds: float

    def registers(self) -> list[tuple[float, str]]:
        return self.carrier.first_of_each("REGISTER")


def run(
    scripts: Mapping[str, Script],
    *,
    timeout_seconds: float = 10.0,
    credentials: Credentials | None = ALICE,
    transport: TransportName = TransportName.UDP,
    unconnected: frozenset[str] = frozenset(),
    before_credentials: BeforeCredentials | None = None,
    proof: Proof = Proof.AUTO,
) -> Run:
    """Run a campaign over the edges, which stand in the order of the scripts."""
    return on_virtual_clock(
        _run(scripts, timeout_seconds, credentials, transport, unconnected, before_credentials, proof)
    )


async def _run(
    scripts: Mapping[str, Script],
    timeout_seconds: float,
    credentials: Credentials | None,
    transport: TransportName,
    unconnected: frozenset[str],
    before_credentials: BeforeCredentials | None,
    proof: Proof,
) -> Run:
    loop = asyncio.get_running_loop()
    started = loop.time()
    carrier = MemoryCarrier(scripts, unconnected)
    target = parse_target("carrier.example")
    context = RunContext(
        open_channel=carrier.open,
        trace=Trace(loop.time),
        plan=TimePlan(timeout_seconds),
        deadline=started + timeout_seconds,
        credentials=credentials,
        proof=proof,
        before_credentials=before_credentials,
    )
    edges = tuple(Edge("carrier.example", address, 5060, transport) for address in scripts)
    identity = Identity.of(target, EngineSettings(), context.username)
    probes = [EdgeProbe(edge, identity, context) for edge in edges]
    await EdgeOrder(probes, context).execute()
    builder = ReportBuilder(
        target=target, settings=EngineSettings(), run=context, started_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    builder.resolved(Route(edges))
    return Run(carrier, builder.probed(probes), loop.time() - started)


def is_first(registers: list[tuple[float, str]], at: float, address: str) -> bool:
    return registers[0] == (round(at, 6), address)


def check(report: Report, name: CheckName) -> Check:
    return next(each for each in report.checks if each.name is name)


def down(report: Report) -> list[str]:
    """The edges said to be down, by address."""
    return [
        (warning.edge or "").partition(":")[0]
        for warning in report.warnings
        if warning.code is WarningCode.EDGE_DOWN
    ]


def test_options_goes_to_every_edge_at_once() -> None:
    seen = run({A: silent, B: silent, C: silent}, credentials=None)
    assert seen.carrier.first_of_each("OPTIONS") == [(0, A), (0, B), (0, C)]


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_the_first_edge_that_answers_gets_register_at_once(timeout: float) -> None:
    share = timeout / 10
    seen = run({A: registrar(0.3 * share), B: silent}, timeout_seconds=timeout)
    at, _ = seen.registers()[0]
    assert at == pytest.approx(0.3 * share)
    assert {address for _, address in seen.registers()} == {A}
    assert seen.report.reason is Reason.CREDENTIALS_PROVEN


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_an_earlier_edge_may_overtake_for_a_moment(timeout: float) -> None:
    """RFC 3263's order is the carrier's wish, so its first choice gets a twentieth of the time to answer."""
    share = timeout / 10
    overtaken = run({A: registrar(0.3 * share), B: registrar(0.1 * share)}, timeout_seconds=timeout)
    assert is_first(overtaken.registers(), 0.3 * share, A)
    too_late = run({A: registrar(0.8 * share), B: registrar(0.1 * share)}, timeout_seconds=timeout)
    assert is_first(too_late.registers(), 0.5 * share, B)
    for seen in (overtaken, too_late):
        assert len({address for _, address in seen.registers()}) == 1
        assert seen.report.reason is Reason.CREDENTIALS_PROVEN


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_silence_to_options_sends_register_to_one_edge_after_the_other(timeout: float) -> None:
    """Each further edge after another fifth; OPTIONS stays pending, and the deadline ends it all."""
    share = timeout / 10
    seen = run({A: silent, B: silent, C: silent}, timeout_seconds=timeout)
    assert [address for _, address in seen.registers()] == [A, B, C]
    assert [at for at, _ in seen.registers()] == pytest.approx([2 * share, 4 * share, 6 * share])
    assert seen.seconds == pytest.approx(timeout)
    assert (seen.report.reason, seen.report.edges[0].reason) == (Reason.NO_RESPONSE, Reason.NO_RESPONSE)
    assert len({sent.call_id for sent in seen.carrier.requests("REGISTER")}) == 3


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_an_edge_that_ignores_options_proves_by_register(timeout: float) -> None:
    share = timeout / 10

    def ignoring_options(request: bytes) -> Sequence[bytes | Delayed]:
        return [] if request.startswith(b"OPTIONS") else registrar()(request)

    seen = run({A: ignoring_options, B: silent}, timeout_seconds=timeout)
    assert is_first(seen.registers(), 2 * share, A)
    assert seen.report.reason is Reason.CREDENTIALS_PROVEN
    assert WarningCode.OPTIONS_IGNORED in {warning.code for warning in seen.report.warnings}


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_silent_edges_get_their_grace_and_are_down(timeout: float) -> None:
    """A fifth of the time after the verdict is settled."""
    seen = run({A: answering(), B: silent, C: silent}, timeout_seconds=timeout, credentials=None)
    assert seen.seconds == pytest.approx(2 * timeout / 10)
    assert seen.report.reason is Reason.ALIVE
    assert down(seen.report) == [B, C]
    assert [edge.reason for edge in seen.report.edges] == [
        Reason.ALIVE,
        Reason.NO_RESPONSE,
        Reason.NO_RESPONSE,
    ]


def test_an_answer_within_the_grace_counts() -> None:
    seen = run({A: answering(), B: answering(1.9)}, credentials=None)
    assert seen.seconds == pytest.approx(1.9)
    assert down(seen.report) == []


def test_without_a_living_edge_nobody_is_given_up_before_the_deadline() -> None:
    seen = run({A: answering(status=503), B: answering(9.5)}, credentials=None)
    assert seen.report.reason is Reason.ALIVE
    assert seen.seconds == pytest.approx(9.5)
    assert down(seen.report) == [A]


@pytest.mark.parametrize("windows", [(A, B), (B, A)], ids=["first", "second"])
def test_503_leads_to_the_next_edge_with_a_new_branch(windows: tuple[str, str]) -> None:
    """RFC 3263 §4.3: whichever of the two stands first is asked first."""
    first, second = windows
    seen = run({first: refusing_register(503), second: registrar()})
    registers = seen.carrier.requests("REGISTER")
    assert [sent.address for sent in registers] == [first, second, second]
    assert len({sent.branch for sent in registers}) == 3
    assert registers[0].at == registers[1].at  # without any wait
    assert seen.report.reason is Reason.CREDENTIALS_PROVEN


@pytest.mark.parametrize("status", [302, 400, 403, 404, 480, 486, 500, 600, 603, 606])
def test_no_other_answer_leads_to_the_next_edge(status: int) -> None:
    """docs/design/sip.md requirement 18: not on 4xx, not on 6xx."""
    seen = run({A: refusing_register(status), B: registrar()})
    assert seen.registers() == [(0, A)]


def test_credentials_that_were_answered_with_503_go_to_no_other_edge() -> None:
    """docs/design/sip.md requirement 15: once per run."""

    def busy_behind_the_challenge(request: bytes) -> Sequence[bytes | Delayed]:
        if b"\r\nAuthorization:" in request:
            return [Delayed(reply_to(request, 503, "Service Unavailable"))]
        return registrar()(request)

    seen = run({A: busy_behind_the_challenge, B: registrar()})
    assert {address for _, address in seen.registers()} == {A}
    assert seen.report.reason is Reason.SIP_SERVICE_UNAVAILABLE


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_silence_to_register_on_a_living_edge_leads_on_after_its_share(timeout: float) -> None:
    def ignoring_register(request: bytes) -> list[Delayed]:
        return [Delayed(reply_to(request))] if request.startswith(b"OPTIONS") else []

    seen = run({A: ignoring_register, B: registrar()}, timeout_seconds=timeout)
    assert seen.registers()[:2] == [(0, A), (round(4 * timeout / 10, 6), B)]
    assert seen.report.reason is Reason.CREDENTIALS_PROVEN


@pytest.mark.parametrize(
    ("timeout", "waited", "reason"),
    [
        # The way there and back is no shorter where we have less time: it is ours that ran out.
        (0.003, 0.003, Reason.DEADLINE_EXCEEDED),
        (1.0, 1.0, Reason.DEADLINE_EXCEEDED),
        (1.4, 1.4, Reason.DEADLINE_EXCEEDED),
        (2.0, 2.0, Reason.CONNECTION_TIMEOUT),
        (5.0, 2.0, Reason.CONNECTION_TIMEOUT),
        (10.0, 4.0, Reason.CONNECTION_TIMEOUT),
        (30.0, 12.0, Reason.CONNECTION_TIMEOUT),
    ],
)
@pytest.mark.parametrize("transport", [TransportName.TCP, TransportName.TLS])
def test_a_connection_gets_its_share(
    transport: TransportName, timeout: float, waited: float, reason: Reason
) -> None:
    seen = run(
        {A: silent},
        timeout_seconds=timeout,
        credentials=None,
        transport=transport,
        unconnected=frozenset({A}),
    )
    assert seen.report.reason is reason
    assert seen.seconds == pytest.approx(waited)


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_an_edge_for_which_no_time_is_left_is_not_asked_and_not_judged(timeout: float) -> None:
    """In RFC 3263 order, and none of them says a word: the last ones are never reached."""
    edges = [f"192.0.2.{number}" for number in range(10, 19)]
    seen = run(dict.fromkeys(edges, silent), timeout_seconds=timeout, proof=Proof.REGISTER)
    asked = [address for _, address in seen.registers()]
    assert asked == edges[:5]
    told = {edge.address: edge.outcome for edge in seen.report.edges}
    assert [address for address, outcome in told.items() if outcome is not None] == asked
    assert seen.report.reason is Reason.NO_RESPONSE
    assert "seconds" not in seen.report.summary  # each had a share of them


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_a_large_request_waits_its_share_for_tcp_and_then_goes_by_udp(timeout: float) -> None:
    """RFC 3261 §18.1.1; a carrier that drops what comes by TCP shall not hide the proof."""
    challenge = ("WWW-Authenticate", f'Digest realm="carrier.example", nonce="{"n" * 1200}", qop="auth"')

    def script(request: bytes) -> Sequence[bytes | Delayed]:
        if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
            return [reply_to(request)]
        return [reply_to(request, 401, "Unauthorized", headers=[challenge])]

    seen = run({A: script}, timeout_seconds=timeout, unconnected=frozenset({A}))
    assert seen.report.reason is Reason.CREDENTIALS_PROVEN
    waited = min(max(2.0, 4 * timeout / 10), timeout / 2)
    assert seen.registers() == [(0, A), (round(waited, 6), A)]
    assert b"Via: SIP/2.0/UDP " in seen.carrier.requests("REGISTER")[-1].data


@pytest.mark.parametrize("timeout", TIMEOUTS)
def test_dns_gets_its_share(timeout: float) -> None:
    """With a name server that is really asked, and really keeps silent."""

    async def ask(server: HostPort) -> tuple[Report, float]:
        settings = EngineSettings(guard=LOOPBACK, nameservers=(server,))
        async with Engine(settings) as engine:
            report = await engine.verify(parse_target("carrier.example"), timeout_seconds=timeout)
        return report, asyncio.get_running_loop().time()

    with UdpPeer(keeping_silent) as peer:
        report, seconds = on_virtual_clock(ask(HostPort(peer.address, peer.port)))
    assert report.reason is Reason.DNS_TIMEOUT
    assert seconds == pytest.approx(3 * timeout / 10)


# What a run cut short, or a silent one, says on which axis


def test_a_deadline_behind_the_challenge_leaves_the_proof_open_and_not_sip() -> None:
    async def undecided(_: str) -> None:
        await asyncio.sleep(60)

    seen = run({A: registrar()}, before_credentials=undecided)
    assert seen.report.reason is Reason.DEADLINE_EXCEEDED
    assert check(seen.report, CheckName.SIP).state is CheckState.OK
    auth = check(seen.report, CheckName.AUTH)
    assert (auth.state, auth.code) == (CheckState.FAILED, Reason.DEADLINE_EXCEEDED)
    assert seen.seconds == pytest.approx(10)


def test_a_run_cancelled_behind_the_challenge_leaves_the_proof_open_and_not_sip() -> None:
    async def cut_short(_: str) -> Reason:
        return Reason.CANCELLED

    seen = run({A: registrar()}, before_credentials=cut_short)
    assert seen.report.reason is Reason.CANCELLED
    assert check(seen.report, CheckName.SIP).state is CheckState.OK
    assert check(seen.report, CheckName.AUTH).state is CheckState.FAILED


def test_the_check_of_the_credentials_speaks_of_register_where_all_is_silent() -> None:
    seen = run({A: silent})
    assert check(seen.report, CheckName.AUTH).detail == "REGISTER: no answer in 8.0 s"
    assert check(seen.report, CheckName.SIP).state is CheckState.FAILED


def test_the_check_of_the_credentials_speaks_of_register_where_only_that_is_silent() -> None:
    def ignoring_register(request: bytes) -> list[Delayed]:
        return [Delayed(reply_to(request))] if request.startswith(b"OPTIONS") else []

    seen = run({A: ignoring_register})
    assert seen.report.reason is Reason.ALIVE_CREDENTIALS_UNPROVEN
    assert check(seen.report, CheckName.SIP).detail == "OPTIONS: 200 OK"
    auth = check(seen.report, CheckName.AUTH)
    assert auth.state is CheckState.WARNING
    assert auth.detail == "REGISTER: no answer in 10.0 s"


# RFC 3261 §17.1.2.2: the schedule of one request, as it leaves


@pytest.mark.parametrize(
    ("timeout", "sent_at"),
    [
        (0.4, [0]),
        (0.8, [0, 0.5]),
        (1, [0, 0.5]),
        (4, [0, 0.5, 1.5, 3.5]),
        (10, [0, 0.5, 1.5, 3.5, 7.5]),
        (60, [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]),
    ],
)
def test_the_schedule_over_udp_ends_at_the_deadline_or_timer_f(timeout: float, sent_at: list[float]) -> None:
    seen = run({A: silent}, timeout_seconds=timeout, credentials=None)
    assert [sent.at for sent in seen.carrier.sent] == pytest.approx(sent_at)
    assert seen.seconds == pytest.approx(min(timeout, 32))
    # Within less than a second many an answer is still on its way: that is no silence.
    assert seen.report.reason is (Reason.NO_RESPONSE if timeout >= 1 else Reason.DEADLINE_EXCEEDED)
    assert len({sent.data for sent in seen.carrier.sent}) == 1  # §17.1.2.2: the same request each time


def test_after_a_provisional_answer_the_wire_waits_t2() -> None:
    seen = run(
        {A: lambda request: [Delayed(reply_to(request, 100, "Trying"), 0.2)]},
        timeout_seconds=60,
        credentials=None,
    )
    expected = [0, 0.5, *(0.5 + 4 * count for count in range(1, 8))]
    assert [sent.at for sent in seen.carrier.sent] == pytest.approx(expected)
    assert seen.seconds == pytest.approx(32)
    assert seen.report.reason is Reason.NO_RESPONSE


@pytest.mark.parametrize("transport", [TransportName.TCP, TransportName.TLS])
def test_a_reliable_transport_sends_once(transport: TransportName) -> None:
    seen = run({A: silent}, timeout_seconds=60, credentials=None, transport=transport)
    assert [sent.at for sent in seen.carrier.sent] == [0]
    assert seen.seconds == pytest.approx(32)
