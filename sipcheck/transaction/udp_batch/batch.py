"""The fast path: thousands of short UDP exchanges over one socket, without a task, a future or a timer for each.

It keeps the rules of the plain path (exchange.py, driver.py) by using the same parts: a plain answer is settled by a
glance, everything else goes through `ResponseMatcher` and `AuthenticationRound`. The tests of the plain path run over
it.
"""

import asyncio
import socket
from collections import deque
from collections.abc import AsyncGenerator, Iterable

from sipcheck.auth.round import CHALLENGE_STATUS
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.message.builder import BRANCH_COOKIE
from sipcheck.message.parser import top_branch
from sipcheck.report.trace import Trace
from sipcheck.transaction.time_plan import REFERENCE_PLAN, TimePlan
from sipcheck.transaction.timers import RFC_3261, Timers
from sipcheck.transaction.udp_batch.credential_lines import credential_lines
from sipcheck.transaction.udp_batch.pending import Answered, MayLeave, PendingRequest
from sipcheck.transaction.udp_batch.plain_response import PlainResponse, own_via, read_plain
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.transaction.udp_batch.tokens import tokens
from sipcheck.transport.udp import KEEP_ALIVE, host_port
from sipcheck.transport.udp_socket import SocketAddress, UdpSocket

DEFAULT_SIZE = 1000  # exchanges at once; the answers of that many fit the socket's receive buffer

_SWEEP_SECONDS = 0.05  # how late a retransmission may be


class UdpBatch:
    """Asks over a socket of its own; opened in a running loop, closed by `close()`.

    Raises SettingInvalid for a source address that cannot be bound, OSError where the family has no socket.
    """

    def __init__(
        self,
        family: socket.AddressFamily,
        *,
        source_address: str | None = None,
        timers: Timers = RFC_3261,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers = timers
        self._t1_seconds = timers.t1_seconds
        self._f_seconds = timers.f_seconds
        self._tokens = tokens()
        self._asked: dict[bytes, PendingRequest] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._socket = UdpSocket(family, self, source_address)
        self.port = self._socket.port

    @property
    def in_flight(self) -> int:
        return len(self._asked)

    def close(self) -> None:
        """Forget what is in flight and close the socket."""
        self._asked.clear()
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        self._socket.close()

    def ask(
        self,
        question: PreparedRequest,
        answered: Answered,
        *,
        plan: TimePlan = REFERENCE_PLAN,
        deadline_at: float | None = None,
        may_leave: MayLeave | None = None,
        trace: Trace | None = None,
    ) -> PendingRequest:
        """Send one request now; `answered` is called once, from the loop, or at once when nothing can be sent.

        Credentials of the question go out as the answer to one challenge, unless `may_leave(realm)` gives a
        Reason to withhold them. `deadline_at`, on the event loop's clock, is the plan's timeout from now unless
        given.
        """
        now = self._loop.time()
        if deadline_at is None:
            deadline_at = now + plan.timeout_seconds
        token = next(self._tokens)
        asking = PendingRequest(question, answered, plan, may_leave, trace, token, deadline_at)
        self._begin(asking, token, now)
        return asking

    def forget(self, asking: PendingRequest) -> None:
        """Wait for this answer no more; one that still comes is nobody's."""
        if self._asked.get(asking.branch) is asking:
            del self._asked[asking.branch]

    async def exchange(
        self,
        question: PreparedRequest,
        *,
        plan: TimePlan,
        deadline_at: float,
        may_leave: MayLeave | None = None,
        trace: Trace | None = None,
    ) -> ExchangeResult:
        """Ask once and wait for what comes of it; every remote failure is part of the result."""
        ended: asyncio.Future[PendingRequest] = self._loop.create_future()
        asking = self.ask(
            question,
            ended.set_result,
            plan=plan,
            deadline_at=deadline_at,
            may_leave=may_leave,
            trace=trace,
        )
        try:
            return (await ended).result()
        finally:
            self.forget(asking)

    async def run(
        self,
        questions: Iterable[PreparedRequest],
        *,
        size: int = DEFAULT_SIZE,
        plan: TimePlan = REFERENCE_PLAN,
        may_leave: MayLeave | None = None,
    ) -> AsyncGenerator[PendingRequest, None]:
        """Ask all, `size` at once, and yield each as it ends; the next is taken from `questions` only then.

        What is in flight when the iteration is given up is forgotten.
        """
        ended: deque[PendingRequest] = deque()
        waiting = self._loop.create_future()

        def take(asking: PendingRequest) -> None:
            ended.append(asking)
            if not waiting.done():
                waiting.set_result(None)

        feed = iter(questions)
        free = size
        try:
            while True:
                for question in feed if free else ():
                    self.ask(question, take, plan=plan, may_leave=may_leave)
                    free -= 1
                    if not free:
                        break
                if free == size:
                    return
                await waiting
                waiting = self._loop.create_future()
                while ended:
                    free += 1
                    yield ended.popleft()
        finally:
            for asking in [each for each in self._asked.values() if each.answered is take]:
                self.forget(asking)

    def datagram_received(self, data: bytes, address: SocketAddress) -> None:
        via = own_via(data)
        asking = None if via is None else self._asked.get(via[2])
        if via is not None and asking is not None:
            plain = read_plain(data, via, asking.template, asking.dialog)
            if plain is not None and plain[0] >= 200:
                if asking.trace is not None:
                    asking.trace.received(str(asking.question.edge), data)
                self._final(asking, plain[0], data, address, plain)
                return
        self._look_closely(data, address)

    def error_received(self, sent: bytes, address: SocketAddress, failure: Failure) -> None:
        branch = top_branch(sent)
        if branch is not None:
            asking = self._asked.get(_token(branch))
            if asking is not None:
                self._fail(asking, failure)
            return
        for asking in self._asked_of(address):
            self._fail(asking, failure)

    def _begin(self, asking: PendingRequest, branch: bytes, now: float) -> None:
        asking.branch = branch
        asking.started = now
        asking.interval_seconds = self._t1_seconds
        asking.retransmit_at = now + self._t1_seconds
        ends_at = now + self._f_seconds
        asking.ends_at = asking.deadline if asking.deadline < ends_at else ends_at
        self._asked[branch] = asking
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(_SWEEP_SECONDS, self._sweep)
        self._send(asking)

    def _send(self, asking: PendingRequest) -> None:
        message = asking.template.render(asking.branch, asking.dialog, asking.further_lines)
        try:
            self._socket.send(message, asking.question.address)
        except TransportFailed as error:
            self._fail(asking, error.failure)
        else:
            if asking.trace is not None:
                asking.trace.sent(str(asking.question.edge), message)

    def _look_closely(self, data: bytes, address: SocketAddress) -> None:
        if not data.strip(KEEP_ALIVE):
            return
        branch = top_branch(data)
        if branch is None:
            for asking in self._asked_of(address):
                self._read(asking, data, address)
            return
        # A branch we do not know is a late answer or somebody else's: it settles nothing (RFC 4321 §1.3).
        found = self._asked.get(_token(branch))
        if found is not None:
            self._read(found, data, address)

    def _asked_of(self, address: SocketAddress) -> list[PendingRequest]:
        source = host_port(address)
        return [asking for asking in self._asked.values() if asking.question.source == source]

    def _read(self, asking: PendingRequest, data: bytes, address: SocketAddress) -> None:
        listening = asking.listening
        response = listening.read(data)
        if response is None:
            if listening.unusable is not None:
                settled_at = self._loop.time() + asking.plan.settle_seconds
                asking.ends_at = min(asking.ends_at, settled_at)
        elif response.status < 200:
            listening.provisional = response.status
        else:
            self._final(asking, response.status, data, address, None)

    def _final(
        self,
        asking: PendingRequest,
        status: int,
        data: bytes,
        address: SocketAddress,
        plain: PlainResponse | None,
    ) -> None:
        del self._asked[asking.branch]
        asking.status = status
        asking.data = data
        asking.address = address
        now = self._loop.time()
        asking.rtt_seconds = now - asking.started
        if status in CHALLENGE_STATUS and self._go_on(asking, now, plain):
            return
        asking.answered(asking)

    def _fail(self, asking: PendingRequest, failure: Failure) -> None:
        del self._asked[asking.branch]
        asking.failure = asking.listening.why_failed(failure)
        asking.status = asking.data = asking.rtt_seconds = None
        asking.answered(asking)

    def _go_on(self, asking: PendingRequest, now: float, plain: PlainResponse | None) -> bool:
        """Answer a challenge where there is something to answer it with; tell whether the exchange goes on."""
        lines = credential_lines(asking, self._tokens, now, plain)
        if lines is None:
            return False
        asking.carry(lines)
        self._begin(asking, next(self._tokens), now)
        return True

    def _sweep(self) -> None:
        """Retransmit and end what is due, in one pass over everything that is in flight."""
        now = self._loop.time()
        for asking in [
            each for each in self._asked.values() if each.retransmit_at <= now or each.ends_at <= now
        ]:
            if asking.ends_at <= now:
                self._fail(asking, asking.listening.silence(now - asking.started, asking.plan))
            else:
                asking.schedule_retransmission(now, self._timers)
                self._send(asking)
        self._sweeping = self._loop.call_later(_SWEEP_SECONDS, self._sweep) if self._asked else None


def _token(branch: str) -> bytes:
    return branch.removeprefix(BRANCH_COOKIE).encode("utf-8", "surrogateescape")
