"""Thousands of exchanges over one socket: what the plain path does, all at once."""

import asyncio
import itertools
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sipcheck import Credentials, Reason, Target, TransportName
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.dns.route import Edge
from sipcheck.report.model import Direction
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.timers import RFC_3261, Timers
from sipcheck.transaction.udp_batch.batch import UdpBatch
from sipcheck.transaction.udp_batch.pending import PendingRequest
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.transport.udp import UdpEndpoint
from sipcheck.verification.identity import Identity
from sipcheck.verification.options import options_template
from sipcheck.verification.register import register_template
from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to
from tests.peers.udp_fleet import udp_fleet
from tests.peers.udp_peer import Reply, UdpPeer, silent

SHORT = TimePlan(1.0)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch with an endpoint of its own, and the port it sends from."""

    batch: UdpBatch
    port: int

    @classmethod
    @contextmanager
    def open(
        cls, family: socket.AddressFamily = socket.AF_INET, timers: Timers = RFC_3261
    ) -> Iterator["Batch"]:
        endpoint = UdpEndpoint(family)
        batch = UdpBatch(endpoint, timers=timers)
        try:
            yield cls(batch, endpoint.port)
        finally:
            batch.close()
            endpoint.close()


@pytest.fixture
async def opened() -> AsyncIterator[Batch]:
    with Batch.open() as opened:
        yield opened


@pytest.fixture
def peer() -> Iterator[Callable[..., UdpPeer]]:
    with ExitStack() as stack:
        yield lambda script, **options: stack.enter_context(UdpPeer(script, **options))


def request_to(
    opened: Batch, port: int, credentials: Credentials | None = None, *, address: str = "127.0.0.1"
) -> PreparedRequest:
    target = Target(address, port, TransportName.UDP)
    identity = Identity(
        target=target,
        username=credentials.username if credentials else None,
        from_user="trunk-check",
        from_domain=None,
    )
    local = "::1" if ":" in address else "127.0.0.1"
    template = register_template(identity) if credentials else options_template(identity, local)
    edge = Edge(address, address, port, TransportName.UDP)
    return PreparedRequest(edge, template, HostPort(local, opened.port), credentials)


async def ask(opened: Batch, asked: PreparedRequest, plan: TimePlan = SHORT) -> PendingRequest:
    (answered,) = [each async for each in opened.batch.run([asked], plan=plan)]
    return answered


def ending(asked: PendingRequest) -> int | Reason | None:
    """The status of the answer, or why there is none."""
    return asked.status if asked.failure is None else asked.failure.reason


def alive(request: bytes) -> Sequence[bytes | Reply]:
    return [reply_to(request)]


async def test_the_next_is_taken_only_when_one_has_ended(opened: Batch, peer: Callable[..., UdpPeer]) -> None:
    carrier = peer(alive)
    taken = ended = most = 0

    def requests() -> Iterator[PreparedRequest]:
        nonlocal taken, most
        prepared = request_to(opened, carrier.port)
        for taken in range(1, 301):
            most = max(most, taken - ended)
            yield prepared

    async for pending in opened.batch.run(requests(), size=7):
        ended += 1
        assert pending.status == 200
    assert ended == 300
    assert most <= 7
    branches = {datagram.data.partition(b"branch=")[2][:31] for datagram in carrier.received}
    assert len(branches) == 300


async def test_giving_up_forgets_what_is_pending(peer: Callable[..., UdpPeer]) -> None:
    carrier, quiet = peer(alive), peer(silent)
    with Batch.open(timers=Timers(t1_seconds=0.2)) as opened:
        requests = [request_to(opened, quiet.port), request_to(opened, carrier.port)]
        async with aclosing(opened.batch.run(requests)) as answers:
            async for pending in answers:
                assert pending.status == 200
                break
        await asyncio.sleep(0.4)
    assert len(quiet.received) == 1  # it was not sent again


async def test_what_cannot_be_sent_ends_at_once_and_stalls_nobody(
    opened: Batch, peer: Callable[..., UdpPeer]
) -> None:
    carrier = peer(alive)
    nowhere = request_to(opened, 5060, address="255.255.255.255")  # the system refuses to broadcast
    requests = itertools.chain(itertools.repeat(nowhere, 10_000), [request_to(opened, carrier.port)])
    seen = Counter([ending(pending) async for pending in opened.batch.run(requests, size=50)])
    assert seen == {Reason.HOST_UNREACHABLE: 10_000, 200: 1}


async def test_a_refusal_hits_its_own_exchange_alone(opened: Batch, peer: Callable[..., UdpPeer]) -> None:
    """RFC 3261 §18.4: an ICMP error ends the transaction that it answers."""
    carrier = peer(alive)
    closed = free_port("127.0.0.1")
    requests = [request_to(opened, port) for port in (carrier.port, closed) * 100]
    seen = Counter([ending(each) async for each in opened.batch.run(requests, size=20)])
    assert seen == {200: 100, Reason.CONNECTION_REFUSED: 100}


async def test_provisional_then_final(opened: Batch, peer: Callable[..., UdpPeer]) -> None:
    carrier = peer(lambda request: [reply_to(request, 100, "Trying"), reply_to(request, 486, "Busy Here")])
    asked = await ask(opened, request_to(opened, carrier.port))
    assert (asked.status, asked.provisional, asked.result().phrase) == (486, 100, "Busy Here")


async def test_retransmissions_follow_timer_e(peer: Callable[..., UdpPeer]) -> None:
    """RFC 3261 §17.1.2.2, with a T1 of 100 ms and a T2 of 400 ms: the gaps double up to T2."""
    quiet = peer(silent)
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[PendingRequest] = loop.create_future()
    with Batch.open(timers=Timers(t1_seconds=0.1, t2_seconds=0.4)) as opened:
        request, trace = request_to(opened, quiet.port), Trace(loop.time)
        opened.batch.ask(request, ended.set_result, plan=TimePlan(2.0), trace=trace)
        pending = await ended
    sent_at = [step.at_ms / 1000 for step in trace.steps if step.direction is Direction.SENT]
    assert ending(pending) is Reason.NO_RESPONSE
    assert pending.retransmissions == len(sent_at) - 1
    assert len({datagram.data for datagram in quiet.received}) == 1  # the same bytes each time
    # Never early; how late is the machine's affair.
    wanted = [0.0, 0.1, 0.3, 0.7, 1.1, 1.5, 1.9]
    assert 4 <= len(sent_at) <= len(wanted)
    assert all(moment >= due for moment, due in zip(sent_at, wanted, strict=False))


async def test_timer_f_ends_what_the_deadline_would_not(peer: Callable[..., UdpPeer]) -> None:
    quiet = peer(silent)
    with Batch.open(timers=Timers(t1_seconds=0.01, t2_seconds=0.04)) as opened:
        pending = await ask(opened, request_to(opened, quiet.port), TimePlan(600.0))
    assert pending.failure is not None


async def test_noise_is_named_and_a_better_answer_still_counts(
    opened: Batch, peer: Callable[..., UdpPeer]
) -> None:
    noisy = peer(lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    late = peer(lambda request: [b"\x00\xff" * 40, Reply(data=reply_to(request), after_seconds=0.05)])
    assert ending(await ask(opened, request_to(opened, noisy.port))) is Reason.SIP_NOT_SPOKEN
    assert (await ask(opened, request_to(opened, late.port))).status == 200


async def test_late_and_foreign_answers_settle_nothing(opened: Batch, peer: Callable[..., UdpPeer]) -> None:
    """RFC 4321 §1.3; RFC 3261 §17.1.3."""

    def script(request: bytes) -> Sequence[bytes | Reply]:
        foreign = request.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx")
        return [
            reply_to(foreign, 403, "Forbidden"),
            b"\r\n\r\n",
            reply_to(request),
            reply_to(request, 500, "x"),
        ]

    carrier = peer(script)
    assert [each.status async for each in opened.batch.run([request_to(opened, carrier.port)] * 3)] == [
        200
    ] * 3


@pytest.mark.parametrize("answer", [(), (401,)], ids=["alive", "challenge"])
async def test_an_answer_from_elsewhere(
    answer: tuple[int, ...], opened: Batch, peer: Callable[..., UdpPeer]
) -> None:
    """It counts for liveness; a challenge from there is never answered."""
    challenge = [("WWW-Authenticate", 'Digest realm="r", nonce="n"')]

    def script(request: bytes) -> Sequence[bytes | Reply]:
        reply = reply_to(request, 401, "Unauthorized", headers=challenge) if answer else reply_to(request)
        return [Reply(data=reply, from_elsewhere=True)]

    carrier = peer(script)
    result = (await ask(opened, request_to(opened, carrier.port, Credentials("alice", "secret")))).result()
    assert result.other_source is not None
    assert result.alive
    assert not result.credentials_sent
    assert len(carrier.received) == 1
    key = result.sentence.key if result.sentence else None
    assert key == ("challenge.from-elsewhere" if answer else None)


def registrar(request: bytes) -> Sequence[bytes | Reply]:
    if b"\r\nAuthorization:" in request:
        return [reply_to(request)]
    return [
        reply_to(request, 401, "Unauthorized", headers=[("WWW-Authenticate", 'Digest realm="r", nonce="n"')])
    ]


async def test_credentials_are_withheld_where_they_may_not_leave(
    opened: Batch, peer: Callable[..., UdpPeer]
) -> None:
    carrier = peer(registrar)
    asked: list[str] = []

    def may_leave(realm: str) -> Reason | None:
        asked.append(realm)
        return Reason.CREDENTIALS_FROZEN

    prepared = request_to(opened, carrier.port, Credentials("alice", "secret"))
    (pending,) = [each async for each in opened.batch.run([prepared], may_leave=may_leave)]
    result = pending.result()
    assert (result.withheld, result.credentials_sent, asked) == (Reason.CREDENTIALS_FROZEN, False, ["r"])
    assert len(carrier.received) == 1


@pytest.mark.parametrize(
    ("stale", "sent", "rejected", "loop"), [("false", 1, True, False), ("true", 2, False, True)]
)
async def test_credentials_go_out_once_and_once_more_when_stale(
    stale: str, sent: int, rejected: bool, loop: bool, opened: Batch, peer: Callable[..., UdpPeer]
) -> None:
    challenge = [("WWW-Authenticate", f'Digest realm="r", nonce="n", stale={stale}')]
    carrier = peer(lambda request: [reply_to(request, 401, "Unauthorized", headers=challenge)])
    result = (await ask(opened, request_to(opened, carrier.port, Credentials("alice", "wrong")))).result()
    assert (result.rejected, result.stale_loop) == (rejected, loop)
    authenticated = [each.data for each in carrier.received if b"\r\nAuthorization:" in each.data]
    assert len(authenticated) == sent
    # The retry keeps Call-ID, From tag and To, raises CSeq and has a new branch (§8.1.3.5).
    first, second = (each.data for each in carrier.received[:2])
    assert _line(first, b"Call-ID") == _line(second, b"Call-ID")
    assert _line(first, b"From") == _line(second, b"From")
    assert (_line(first, b"CSeq"), _line(second, b"CSeq")) == (b"CSeq: 1 REGISTER", b"CSeq: 2 REGISTER")
    assert _line(first, b"Via") != _line(second, b"Via")


def _line(message: bytes, name: bytes) -> bytes:
    return next(line for line in message.split(b"\r\n") if line.startswith(name + b":"))


async def test_over_ipv6(peer: Callable[..., UdpPeer]) -> None:
    carrier = peer(alive, address="::1")
    with Batch.open(socket.AF_INET6) as opened:
        result = (await ask(opened, request_to(opened, carrier.port, address="::1"))).result()
    assert (result.status, result.other_source) == (200, None)


async def test_closing_in_mid_flight_is_quiet(peer: Callable[..., UdpPeer]) -> None:
    quiet = peer(silent)
    with Batch.open(timers=Timers(t1_seconds=0.05)) as opened:
        opened.batch.ask(request_to(opened, quiet.port), lambda _: pytest.fail("nothing was to end"))
        opened.batch.close()
        await asyncio.sleep(0.2)
    assert len(quiet.received) == 1


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which is Linux's"
)
async def test_memory_stays_flat(opened: Batch) -> None:
    resident = []
    with udp_fleet() as port:
        prepared = request_to(opened, port, address="127.1.0.1")
        for _ in range(4):
            seen = Counter([each.status async for each in opened.batch.run([prepared] * 10_000, size=200)])
            assert seen == {200: 10_000}
            resident.append(_resident_bytes())
    assert resident[-1] - resident[0] < 4 * 1024 * 1024


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
async def reported() -> AsyncIterator[list[BaseException | None]]:
    """What callbacks raised: the loop reports it, and goes on."""
    raised: list[BaseException | None] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: raised.append(context.get("exception")))
    yield raised
    loop.set_exception_handler(None)


class Fault(Exception):
    """What a question's own end raises."""


def raising(_: object) -> None:
    raise Fault


BRIEF = TimePlan(1.0)


async def test_a_question_whose_end_raises_costs_no_other_its_end(
    opened: Batch, peer: Callable[..., UdpPeer], reported: list[BaseException | None]
) -> None:
    """All are due in one turn of the timer, which goes on for those that come after."""
    quiet = peer(silent)
    prepared = request_to(opened, quiet.port)
    deadline_at = asyncio.get_running_loop().time() + 0.95
    ended: list[PendingRequest] = []
    for end in (raising, ended.append, raising, ended.append):
        opened.batch.ask(prepared, end, plan=BRIEF, deadline_at=deadline_at)
    later = await ask(opened, prepared, SHORT)
    assert [ending(each) for each in (*ended, later)] == [Reason.NO_RESPONSE] * 3
    assert [type(each) for each in reported] == [Fault, Fault]
    assert later.retransmissions == 1  # at 0.5 s: Timer E went on, too


async def test_a_caller_that_is_cancelled_in_the_moment_of_its_end(
    opened: Batch, peer: Callable[..., UdpPeer], reported: list[BaseException | None]
) -> None:
    """Its future is over, and the request is not taken out yet: that moment is the batch's to bear."""
    quiet = peer(silent)
    prepared = request_to(opened, quiet.port)
    deadline_at = asyncio.get_running_loop().time() + 0.95
    cancelling: list[asyncio.Task[ExchangeResult]] = []

    def cancel(_: PendingRequest) -> None:
        cancelling[0].cancel()

    opened.batch.ask(prepared, cancel, plan=BRIEF, deadline_at=deadline_at)
    cancelling.append(
        asyncio.create_task(opened.batch.exchange(prepared, plan=BRIEF, deadline_at=deadline_at))
    )
    await asyncio.wait(cancelling)
    assert cancelling[0].cancelled()
    assert ending(await ask(opened, prepared, BRIEF)) is Reason.NO_RESPONSE
    assert reported == []


async def test_a_challenge_that_raises_ends_its_own_question_alone(
    opened: Batch, peer: Callable[..., UdpPeer], reported: list[BaseException | None]
) -> None:
    carrier = peer(registrar)
    prepared = request_to(opened, carrier.port, Credentials("alice", "secret"))
    deadline_at = asyncio.get_running_loop().time() + SHORT.timeout_seconds

    def may_leave(realm: str) -> Reason | None:
        raise Fault

    hindered, other = await asyncio.gather(
        opened.batch.exchange(prepared, plan=SHORT, deadline_at=deadline_at, may_leave=may_leave),
        opened.batch.exchange(prepared, plan=SHORT, deadline_at=deadline_at),
        return_exceptions=True,
    )
    # It is whoever asked who hears of it, and not that the peer asked for no password.
    assert isinstance(hindered, Fault)
    assert isinstance(other, ExchangeResult)
    assert (other.status, other.credentials_sent) == (200, True)
    assert reported == []
