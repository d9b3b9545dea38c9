"""Many targets in one loop: liveness shared, one probe at a time to a destination, every row its report."""

import asyncio
import gc
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest

from sipcheck import (
    Cause,
    Credentials,
    Engine,
    EngineSettings,
    Guard,
    Outcome,
    Proof,
    Reason,
    Report,
    TransportName,
)
from sipcheck.phrases.sentence import Sentence
from sipcheck.report.model import Direction
from sipcheck.sweep.sweep import BadRow, Sweep, SweepRow
from sipcheck.target import HostPort, Target
from tests.peers.practice import PracticePeer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_fleet import GARBAGE, SILENT, udp_fleet
from tests.peers.udp_peer import Reply, Script, UdpPeer, silent
from tests.sipcheck.provoked.claims import assert_claims

LOOPBACK = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
UDP = TransportName.UDP


@asynccontextmanager
async def sweeping(**options: object) -> AsyncIterator[Sweep]:
    async with Engine(EngineSettings(guard=LOOPBACK), windowed=True) as engine:
        yield Sweep(engine, **options)  # type: ignore[arg-type]


async def reports(rows: Sequence[SweepRow | BadRow], **options: object) -> dict[int, Report]:
    async with sweeping(**options) as sweep:
        return {result.number: result.report async for result in sweep.run(rows)}


@pytest.fixture
def peer() -> Iterator[Callable[[Script], UdpPeer]]:
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(UdpPeer(script))


def at(peer: UdpPeer) -> Target:
    return Target("127.0.0.1", peer.port, UDP)


def requests(peer: UdpPeer, method: bytes) -> list[bytes]:
    return [datagram.data for datagram in peer.received if datagram.data.startswith(method)]


def alive(request: bytes) -> Sequence[bytes | Reply]:
    return [reply_to(request)]


def registrar(request: bytes) -> Sequence[bytes | Reply]:
    if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
        return [reply_to(request)]
    challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="n"')
    return [reply_to(request, 401, "Unauthorized", headers=[challenge])]


async def test_equal_destinations_share_one_liveness_probe(peer: Callable[[Script], UdpPeer]) -> None:
    carrier = peer(alive)
    found = await reports([SweepRow(number, at(carrier)) for number in range(1, 51)])
    assert {report.reason for report in found.values()} == {Reason.ALIVE}
    assert sorted(found) == list(range(1, 51))
    (options,) = requests(carrier, b"OPTIONS")
    assert b"From: <sip:trunk-check@" in options  # none of these has an account
    assert all(report.edges[0].rtt_ms is not None for report in found.values())


async def test_each_rows_credentials_are_proven_one_after_the_other(
    peer: Callable[[Script], UdpPeer],
) -> None:
    carrier = peer(registrar)
    rows = [SweepRow(number, at(carrier), Credentials(f"user{number}", "secret")) for number in range(1, 11)]
    found = await reports([*rows, SweepRow(11, at(carrier))])
    assert {report.reason for number, report in found.items() if number <= 10} == {Reason.CREDENTIALS_PROVEN}
    assert found[11].reason is Reason.ALIVE
    assert len(requests(carrier, b"OPTIONS")) == 1
    registers = requests(carrier, b"REGISTER")
    users = [request.partition(b"From: <sip:")[2].partition(b"@")[0] for request in registers]
    # Each is through with both its requests before the next begins (RFC 3261 §10.2).
    assert users == [f"user{number}".encode() for number in range(1, 11) for _ in range(2)]


def refusing(status: int) -> Script:
    """Answer every OPTIONS so, and REGISTER as a registrar does."""
    return lambda request: (
        [reply_to(request, status)] if request.startswith(b"OPTIONS") else registrar(request)
    )


@pytest.mark.parametrize(
    ("script", "knocks"),
    [
        (alive, {1: 0, 2: 0, 3: 0}),
        (refusing(403), {1: 1, 2: 0, 3: 0}),
        (refusing(401), {1: 1, 2: 0, 3: 0}),
        (refusing(404), {1: 0, 2: 0, 3: 0}),
        (lambda request: [] if request.startswith(b"OPTIONS") else registrar(request), {1: 1, 2: 0, 3: 0}),
    ],
    ids=["answered", "forbidden", "challenged", "unknown", "silent"],
)
async def test_what_rows_share_knocks_once_and_is_not_forgiven(
    peer: Callable[[Script], UdpPeer], script: Script, knocks: dict[int, int]
) -> None:
    """The shared OPTIONS speaks for nobody, so that a proven account gives nothing back."""
    carrier = peer(script)
    proven = Credentials("user", "secret")
    rows = [SweepRow(1, at(carrier), proven), SweepRow(2, at(carrier)), SweepRow(3, at(carrier), proven)]
    found = await reports(rows, timeout_seconds=2)
    proofs = (Reason.CREDENTIALS_PROVEN, Reason.ALIVE_CREDENTIALS_UNPROVEN)
    assert {found[number].reason for number in (1, 3)} <= set(proofs)
    assert {number: report.knocks for number, report in found.items()} == knocks


async def test_each_row_has_the_trace_of_what_it_shares(peer: Callable[[Script], UdpPeer]) -> None:
    carrier = peer(registrar)
    rows = [SweepRow(1, at(carrier), Credentials("user", "secret")), SweepRow(2, at(carrier))]
    for report in (await reports(rows)).values():
        shared = [step for step in report.trace if step.at_ms < 0]
        assert "asked once" in shared[0].text
        sent, received = (step for step in shared if step.direction is not Direction.EVENT)
        assert sent.text.startswith("OPTIONS ")
        assert received.text.startswith("SIP/2.0 200")
        assert [step.at_ms for step in report.trace] == sorted(step.at_ms for step in report.trace)
        assert not any(step.text.startswith("OPTIONS") for step in report.trace if step.at_ms >= 0)
        assert_claims(report)


async def test_a_destination_that_ignores_options_is_proven_all_the_same(
    peer: Callable[[Script], UdpPeer],
) -> None:
    carrier = peer(lambda request: [] if request.startswith(b"OPTIONS") else registrar(request))
    rows = [SweepRow(number, at(carrier), Credentials(f"user{number}", "secret")) for number in (1, 2)]
    found = await reports(rows, timeout_seconds=1)
    assert {report.reason for report in found.values()} == {Reason.CREDENTIALS_PROVEN}
    assert all("options-ignored" in {each.code for each in report.warnings} for report in found.values())


async def test_without_proof_no_credentials_leave(peer: Callable[[Script], UdpPeer]) -> None:
    carrier = peer(registrar)
    rows = [SweepRow(number, at(carrier), Credentials("user", "secret")) for number in (1, 2, 3)]
    found = await reports(rows, proof=Proof.NONE)
    assert {report.reason for report in found.values()} == {Reason.ALIVE}
    assert len(carrier.received) == 1


@pytest.mark.parametrize("transport", [TransportName.TCP, TransportName.TLS])
async def test_streams_share_too(transport: TransportName) -> None:
    with PracticePeer() as practice:
        carrier = practice.running
        settings = EngineSettings(guard=LOOPBACK, ca_file=carrier.ca_file)
        port = carrier.tls_port if transport is TransportName.TLS else carrier.tcp_port
        target = Target("127.0.0.1", port, transport)
        credentials = Credentials("demo", "demo-password")
        rows = [SweepRow(1, target), SweepRow(2, target, credentials), SweepRow(3, target)]
        async with Engine(settings, windowed=True) as engine:
            found = {each.number: each.report async for each in Sweep(engine).run(rows)}
    reasons = [found[number].reason for number in (1, 2, 3)]
    assert reasons == [Reason.ALIVE, Reason.CREDENTIALS_PROVEN, Reason.ALIVE]
    assert (found[1].edges[0].certificate is None) is (transport is TransportName.TCP)


def unsendable() -> Credentials:
    """Credentials with which our own side fails, as nothing that is read from a file can be."""
    credentials = Credentials("broken", "secret")
    object.__setattr__(credentials, "password", "\ud800")
    return credentials


@pytest.mark.parametrize("transport", [UDP, TransportName.TCP])
@pytest.mark.parametrize("concurrency", [1, 10])
async def test_what_breaks_one_row_is_told_behind_all_others(
    transport: TransportName, concurrency: int
) -> None:
    with PracticePeer() as practice:
        running = practice.running
        target = Target("127.0.0.1", running.udp_port if transport is UDP else running.tcp_port, transport)
        rows = [
            SweepRow(1, target, unsendable()),
            SweepRow(2, target, Credentials("demo", "demo-password")),
            SweepRow(3, Target("10.0.0.1", 5060, transport), Credentials("demo", "x")),
        ]
        found: dict[int, Report] = {}

        async def sweep() -> None:
            async with sweeping(concurrency=concurrency) as sweeper:
                async for result in sweeper.run(rows):
                    found[result.number] = result.report

        with pytest.RaisesGroup(UnicodeEncodeError, flatten_subgroups=True):
            await sweep()
    assert {number: report.reason for number, report in found.items()} == {
        1: Reason.CANCELLED,
        2: Reason.CREDENTIALS_PROVEN,
        3: Reason.ADDRESS_FORBIDDEN,
    }


def with_passwords(asked: list[str]) -> Script:
    """Knows one password, and notes whose was sent."""

    def script(request: bytes) -> Sequence[bytes | Reply]:
        if b"\r\nAuthorization:" not in request:
            return registrar(request)
        asked.append(request.partition(b'username="')[2].partition(b'"')[0].decode())
        if asked[-1] == "good":
            return [reply_to(request)]
        challenge = ("WWW-Authenticate", 'Digest realm="r", nonce="other"')
        return [reply_to(request, 401, "Unauthorized", headers=[challenge])]

    return script


@pytest.mark.parametrize("windowed", [False, True], ids=["plain", "batch"])
async def test_a_refused_password_is_sent_once_in_whichever_rows_it_stands(
    windowed: bool, peer: Callable[[Script], UdpPeer]
) -> None:
    """An export has rows twice, and writes one target in several ways; a carrier bans at the third refusal."""
    asked: list[str] = []
    port = peer(with_passwords(asked)).port
    spellings = [
        Target("127.0.0.1", port, UDP),
        Target("127.0.0.1", port, None),
        Target("127.0.0.1", port, UDP, outbound_proxy=HostPort("127.0.0.1", port)),
    ]
    rows = [
        SweepRow(number, target, Credentials(user, "secret"))
        for number, (target, user) in enumerate(
            [(target, user) for user in ("old", "good") for target in spellings * 2], 1
        )
    ]
    async with Engine(EngineSettings(guard=LOOPBACK), windowed=windowed) as engine:
        found = {result.number: result.report async for result in Sweep(engine).run(rows)}
    assert asked.count("old") == 1
    assert asked.count("good") == 6  # what is right is proven in each row
    reasons = Counter(report.reason for number, report in found.items() if number <= 6)
    assert reasons == {Reason.CREDENTIALS_REJECTED: 1, Reason.CREDENTIALS_FROZEN: 5}
    assert {found[number].reason for number in range(7, 13)} == {Reason.CREDENTIALS_PROVEN}


async def test_another_password_of_the_same_account_is_tried(peer: Callable[[Script], UdpPeer]) -> None:
    asked: list[str] = []
    carrier = peer(with_passwords(asked))
    rows = [SweepRow(number, at(carrier), Credentials("old", f"secret{number % 2}")) for number in range(4)]
    found = await reports(rows)
    assert asked == ["old", "old"]
    assert Counter(report.reason for report in found.values()) == {
        Reason.CREDENTIALS_REJECTED: 2,
        Reason.CREDENTIALS_FROZEN: 2,
    }


async def test_rows_that_lead_nowhere_get_their_report() -> None:
    rows: list[SweepRow | BadRow] = [
        SweepRow(1, Target("10.1.2.3")),
        SweepRow(2, Target("10.1.2.3")),
        BadRow(3, "x y", Sentence("target.space")),
    ]
    found = await reports(rows)
    assert [found[number].reason for number in (1, 2, 3)] == [
        Reason.ADDRESS_FORBIDDEN,
        Reason.ADDRESS_FORBIDDEN,
        Reason.TARGET_INVALID,
    ]
    assert "It holds a space" in found[3].summary


async def test_the_pace_holds_for_everything_sent(peer: Callable[[Script], UdpPeer]) -> None:
    carrier = peer(registrar)
    rows = [SweepRow(number, at(carrier), Credentials(f"user{number}", "secret")) for number in range(1, 6)]
    # Not from what the peer received first: it may have been late to look, and the pace has run since.
    began_at = time.monotonic()
    await reports(rows, requests_per_second=40)
    assert len(carrier.received) == 11  # one OPTIONS, and two REGISTER for each row
    # The last turn comes after nine requests were paid for.
    assert carrier.received[-1].received_at - began_at >= 9 / 40 - 0.01


async def test_giving_up_ends_everything(peer: Callable[[Script], UdpPeer]) -> None:
    carrier, quiet = peer(alive), peer(silent)
    rows = [SweepRow(1, at(carrier)), *(SweepRow(number, at(quiet)) for number in (2, 3))]
    async with sweeping() as sweep, aclosing(sweep.run(rows)) as results:
        async for result in results:
            assert result.number == 1
            break
    assert len(asyncio.all_tasks()) == 1


async def test_a_slow_reader_holds_the_sweep_back(peer: Callable[[Script], UdpPeer]) -> None:
    carriers = [peer(alive) for _ in range(12)]
    rows = [SweepRow(number, at(carrier)) for number, carrier in enumerate(carriers, 1)]
    async with sweeping(concurrency=2) as sweep, aclosing(sweep.run(rows)) as results:
        await anext(results)
        await asyncio.sleep(0.3)
        assert sum(len(carrier.received) for carrier in carriers) <= 6
        rest = [result.number async for result in results]
    assert len(rest) == 11


WANTED = {
    1: (Outcome.VERIFIED, Reason.ALIVE),
    2: (Outcome.FAILED, Reason.SIP_FORBIDDEN),
    3: (Outcome.INCONCLUSIVE, Reason.SIP_SERVICE_UNAVAILABLE),
    4: (Outcome.VERIFIED, Reason.ALIVE),
    GARBAGE: (Outcome.FAILED, Reason.SIP_NOT_SPOKEN),
    SILENT: (Outcome.FAILED, Reason.NO_RESPONSE),
}


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which is Linux's"
)
@pytest.mark.parametrize("count", [4_000, pytest.param(20_000, marks=pytest.mark.long)])
async def test_thousands_of_destinations_with_flat_memory(count: int) -> None:
    kinds = [1, 1, 1, 1, 1, 2, 3, 4, GARBAGE, 1]
    with udp_fleet() as port:

        def row(number: int) -> SweepRow:
            kind = SILENT if number % 100 == 0 else kinds[number % 10]
            return SweepRow(number, Target(f"127.{kind}.{number // 250}.{1 + number % 250}", port, UDP))

        rows = [row(number) for number in range(1, count + 1)]
        verdicts: Counter[tuple[int, Outcome, Reason]] = Counter()
        resident: list[int] = []
        async with sweeping(timeout_seconds=5) as sweep:
            async for result in sweep.run(rows):
                kind = int(rows[result.number - 1].target.domain.split(".")[1])
                if kind == SILENT and result.report.cause is Cause.OWN_STALL:
                    # So busy a machine listened too late, and says that instead of calling the edge silent.
                    verdicts[(kind, *WANTED[kind])] += 1
                    continue
                verdicts[kind, result.report.outcome, result.report.reason] += 1
                if verdicts.total() % 1_000 == 0:
                    resident.append(_resident_bytes())
    assert verdicts.total() == count
    assert {key: (outcome, reason) for key, outcome, reason in verdicts} == WANTED
    assert len(verdicts) == len(WANTED)
    assert resident[-1] - resident[0] < 8 * 1024 * 1024


def _resident_bytes() -> int:
    # What other tests of this process left behind goes at any moment, and is nothing of the sweep's.
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
