"""Thousands of exchanges over one socket: what the plain path does, all at once."""

import asyncio
import itertools
import os
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, aclosing
from pathlib import Path

import pytest

from sipcheck import Credentials, Reason, Target, TransportName
from sipcheck.dns.resolver import Edge
from sipcheck.target import HostPort
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.timers import Timers
from sipcheck.transaction.udp_batch.batch import UdpBatch
from sipcheck.transaction.udp_batch.pending import PendingRequest
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.verification.identity import Identity
from sipcheck.verification.options import options_template
from sipcheck.verification.register import register_template
from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to
from tests.peers.udp_fleet import udp_fleet
from tests.peers.udp_peer import Reply, UdpPeer, silent

SHORT = TimePlan(1.0)


@pytest.fixture
async def window() -> AsyncIterator[UdpBatch]:
    opened = UdpBatch(socket.AF_INET)
    yield opened
    opened.close()


@pytest.fixture
def peer() -> Iterator[Callable[..., UdpPeer]]:
    with ExitStack() as stack:
        yield lambda script, **options: stack.enter_context(UdpPeer(script, **options))


def question(
    window: UdpBatch, port: int, credentials: Credentials | None = None, *, address: str = "127.0.0.1"
) -> PreparedRequest:
    target = Target(address, port, TransportName.UDP)
    identity = Identity(
        target=target,
        username=credentials.username if credentials else None,
        from_user="trunk-check",
        from_domain=None,
    )
    local = "::1" if ":" in address else "127.0.0.1"
    draft = register_template(identity) if credentials else options_template(identity, local)
    edge = Edge(address, address, port, TransportName.UDP)
    return PreparedRequest(edge, draft, HostPort(local, window.port), credentials)


async def ask(window: UdpBatch, asked: PreparedRequest, plan: TimePlan = SHORT) -> PendingRequest:
    (answered,) = [each async for each in window.run([asked], plan=plan)]
    return answered


def ending(asked: PendingRequest) -> int | Reason | None:
    """The status of the answer, or why there is none."""
    return asked.status if asked.failure is None else asked.failure.reason


def alive(request: bytes) -> Sequence[bytes | Reply]:
    return [reply_to(request)]


async def test_the_next_is_taken_only_when_one_has_ended(
    window: UdpBatch, peer: Callable[..., UdpPeer]
) -> None:
    carrier = peer(alive)
    taken = itertools.count(1)
    most = 0

    def questions() -> Iterator[PreparedRequest]:
        prepared = question(window, carrier.port)
        while (number := next(taken)) <= 300:
            del number
            yield prepared

    ended = 0
    async for asking in window.run(questions(), size=7):
        ended += 1
        most = max(most, window.in_flight)
        assert asking.status == 200
    assert ended == 300
    assert most <= 7
    branches = {datagram.data.partition(b"branch=")[2][:31] for datagram in carrier.received}
    assert len(branches) == 300


async def test_giving_up_forgets_what_is_in_flight(window: UdpBatch, peer: Callable[..., UdpPeer]) -> None:
    carrier, quiet = peer(alive), peer(silent)
    questions = [question(window, quiet.port), question(window, carrier.port)]
    async with aclosing(window.run(questions)) as answers:
        async for asking in answers:
            assert asking.status == 200
            break
    assert window.in_flight == 0


async def test_what_cannot_be_sent_ends_at_once_and_stalls_nobody(
    window: UdpBatch, peer: Callable[..., UdpPeer]
) -> None:
    carrier = peer(alive)
    nowhere = question(window, 5060, address="255.255.255.255")  # the system refuses to broadcast
    questions = itertools.chain(itertools.repeat(nowhere, 10_000), [question(window, carrier.port)])
    seen = Counter([ending(asking) async for asking in window.run(questions, size=50)])
    assert seen == {Reason.HOST_UNREACHABLE: 10_000, 200: 1}


async def test_a_refusal_hits_its_own_exchange_alone(window: UdpBatch, peer: Callable[..., UdpPeer]) -> None:
    """RFC 3261 §18.4: an ICMP error ends the transaction that it answers."""
    carrier = peer(alive)
    closed = free_port("127.0.0.1")
    questions = [question(window, port) for port in (carrier.port, closed) * 100]
    seen = Counter([ending(each) async for each in window.run(questions, size=20)])
    assert seen == {200: 100, Reason.CONNECTION_REFUSED: 100}


async def test_provisional_then_final(window: UdpBatch, peer: Callable[..., UdpPeer]) -> None:
    carrier = peer(lambda request: [reply_to(request, 100, "Trying"), reply_to(request, 486, "Busy Here")])
    asked = await ask(window, question(window, carrier.port))
    assert (asked.status, asked.provisional, asked.result().phrase) == (486, 100, "Busy Here")


async def test_retransmissions_follow_timer_e(peer: Callable[..., UdpPeer]) -> None:
    """RFC 3261 §17.1.2.2, with a T1 of 100 ms and a T2 of 400 ms: the gaps double up to T2."""
    quiet = peer(silent)
    window = UdpBatch(socket.AF_INET, timers=Timers(t1_seconds=0.1, t2_seconds=0.4))
    try:
        asking = await ask(window, question(window, quiet.port), TimePlan(2.0))
    finally:
        window.close()
    times = [datagram.received_at for datagram in quiet.received]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert ending(asking) is Reason.NO_RESPONSE
    assert asking.retransmissions == len(gaps)
    assert len({datagram.data for datagram in quiet.received}) == 1  # the same bytes each time
    # Never early; how late is the machine's affair.
    wanted = [0.1, 0.2, 0.4, 0.4, 0.4, 0.4]
    assert 3 <= len(gaps) <= len(wanted)
    assert all(gap >= least - 0.06 for gap, least in zip(gaps, wanted, strict=False))


async def test_timer_f_ends_what_the_deadline_would_not(peer: Callable[..., UdpPeer]) -> None:
    quiet = peer(silent)
    window = UdpBatch(socket.AF_INET, timers=Timers(t1_seconds=0.01, t2_seconds=0.04))
    try:
        asking = await ask(window, question(window, quiet.port), TimePlan(600.0))
    finally:
        window.close()
    assert asking.failure is not None


async def test_noise_is_named_and_a_better_answer_still_counts(
    window: UdpBatch, peer: Callable[..., UdpPeer]
) -> None:
    noisy = peer(lambda _: [b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    late = peer(lambda request: [b"\x00\xff" * 40, Reply(data=reply_to(request), after_seconds=0.05)])
    assert ending(await ask(window, question(window, noisy.port))) is Reason.SIP_NOT_SPOKEN
    assert (await ask(window, question(window, late.port))).status == 200


async def test_late_and_foreign_answers_settle_nothing(
    window: UdpBatch, peer: Callable[..., UdpPeer]
) -> None:
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
    assert [each.status async for each in window.run([question(window, carrier.port)] * 3)] == [200] * 3


@pytest.mark.parametrize("answer", [(), (401,)], ids=["alive", "challenge"])
async def test_an_answer_from_elsewhere(
    answer: tuple[int, ...], window: UdpBatch, peer: Callable[..., UdpPeer]
) -> None:
    """It counts for liveness; a challenge from there is never answered."""
    challenge = [("WWW-Authenticate", 'Digest realm="r", nonce="n"')]

    def script(request: bytes) -> Sequence[bytes | Reply]:
        reply = reply_to(request, 401, "Unauthorized", headers=challenge) if answer else reply_to(request)
        return [Reply(data=reply, from_elsewhere=True)]

    carrier = peer(script)
    result = (await ask(window, question(window, carrier.port, Credentials("alice", "secret")))).result()
    assert result.other_source is not None
    assert result.alive
    assert not result.credentials_sent
    assert len(carrier.received) == 1
    assert ("not answered" in result.detail) is bool(answer)


def registrar(request: bytes) -> Sequence[bytes | Reply]:
    if b"\r\nAuthorization:" in request:
        return [reply_to(request)]
    return [
        reply_to(request, 401, "Unauthorized", headers=[("WWW-Authenticate", 'Digest realm="r", nonce="n"')])
    ]


async def test_credentials_are_withheld_where_they_may_not_leave(
    window: UdpBatch, peer: Callable[..., UdpPeer]
) -> None:
    carrier = peer(registrar)
    asked: list[str] = []

    def may_leave(realm: str) -> Reason | None:
        asked.append(realm)
        return Reason.CREDENTIALS_FROZEN

    prepared = question(window, carrier.port, Credentials("alice", "secret"))
    (asking,) = [each async for each in window.run([prepared], may_leave=may_leave)]
    result = asking.result()
    assert (result.withheld, result.credentials_sent, asked) == (Reason.CREDENTIALS_FROZEN, False, ["r"])
    assert len(carrier.received) == 1


@pytest.mark.parametrize(
    ("stale", "sent", "rejected", "loop"), [("false", 1, True, False), ("true", 2, False, True)]
)
async def test_credentials_go_out_once_and_once_more_when_stale(
    stale: str, sent: int, rejected: bool, loop: bool, window: UdpBatch, peer: Callable[..., UdpPeer]
) -> None:
    challenge = [("WWW-Authenticate", f'Digest realm="r", nonce="n", stale={stale}')]
    carrier = peer(lambda request: [reply_to(request, 401, "Unauthorized", headers=challenge)])
    result = (await ask(window, question(window, carrier.port, Credentials("alice", "wrong")))).result()
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
    window = UdpBatch(socket.AF_INET6)
    try:
        result = (await ask(window, question(window, carrier.port, address="::1"))).result()
    finally:
        window.close()
    assert (result.status, result.other_source) == (200, None)


async def test_closing_in_mid_flight_is_quiet(peer: Callable[..., UdpPeer]) -> None:
    quiet = peer(silent)
    window = UdpBatch(socket.AF_INET)
    window.ask(question(window, quiet.port), lambda _: pytest.fail("nothing was to end"))
    window.close()
    await asyncio.sleep(0.1)
    assert window.in_flight == 0


@pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is read from /proc, which is Linux's"
)
async def test_memory_stays_flat(window: UdpBatch) -> None:
    resident = []
    with udp_fleet() as port:
        prepared = question(window, port, address="127.1.0.1")
        for _ in range(4):
            seen = Counter([each.status async for each in window.run([prepared] * 10_000, size=200)])
            assert seen == {200: 10_000}
            resident.append(_resident_bytes())
    assert resident[-1] - resident[0] < 4 * 1024 * 1024


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
