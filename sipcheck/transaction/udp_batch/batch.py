"""The fast path: thousands of short UDP exchanges, without a task, a future or a timer for each.

It keeps the rules of the plain path (exchange.py, driver.py) by using the same parts, and the tests of the plain path
run over it. A final response in plain form is settled at a glance (plain_response.py); everything else is read by
`ResponseMatcher`, and challenges are answered by the rules of `AuthenticationRound`.

A request is *pending* from `ask` until its callback `ended` has been called, which happens exactly once, or until it
is forgotten. While it is pending it stands in the endpoint's `receivers` under the branch of its present transaction;
to take it out there is what ends it, and whoever does so goes on to call `ended` or to begin the next transaction:

    begin -> sent --+-- final response, no challenge that we answer ----> ended, with `status`
              ^     +-- challenge that we answer --> new branch, CSeq + 1 --+
              |     |                                                       |
              +-----|-------------------------------------------------------+
                    +-- ICMP refuses it, or the system does -------------> ended, with `failure`
                    +-- Timer F or the deadline (`ends_at`) -------------> ended, with `failure`
                    +-- `forget`, `close` -------------------------------> nothing is called

A provisional response changes the pace of retransmissions alone. What cannot be used is kept by the matcher, for the
failure to name it, and leaves a better answer `plan.settle_seconds` to come. What comes late or twice finds no branch
in `receivers` and settles nothing (RFC 4321 §1.3); so does the first answer to a request that was already sent again
with credentials, whose branch is a new one.

One timer for the whole batch runs while anything is pending. It sends again (Timer E) and ends what is due, so both
may be up to 50 ms late and are never early; each in a callback of its own, so that what one raises is reported by the
loop and costs no other its end. Everything happens in the event loop's callbacks; `ended` may call `ask` and `forget`,
and must not block.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Iterator

from sipcheck.auth.round import CHALLENGE_STATUS
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.report.trace import Trace
from sipcheck.settings import STALL_SECONDS
from sipcheck.transaction.late_answers import LateListening
from sipcheck.transaction.time_plan import REFERENCE_PLAN, TimePlan
from sipcheck.transaction.timers import RFC_3261, Timers
from sipcheck.transaction.udp_batch.credential_lines import credential_lines
from sipcheck.transaction.udp_batch.pending import Ended, MayLeave, PendingRequest
from sipcheck.transaction.udp_batch.plain_response import PlainResponse
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.transaction.udp_batch.tokens import tokens
from sipcheck.transport.udp import UdpEndpoint, host_port
from sipcheck.transport.udp_socket import SocketAddress

DEFAULT_SIZE = 1000  # exchanges at once; the answers of that many fit the socket's receive buffer

_CNONCE_DIGITS = 16
_SWEEP_SECONDS = 0.05  # how late a retransmission may be


class UdpBatch:
    """Sends over an endpoint that it may share; made in a running loop, ended by `close()` before the endpoint is."""

    def __init__(self, endpoint: UdpEndpoint, *, timers: Timers = RFC_3261) -> None:
        self._loop = asyncio.get_running_loop()
        self._timers = timers
        self._t1_seconds = timers.t1_seconds
        self._f_seconds = timers.f_seconds
        self._tokens = tokens()
        self._new_cnonce = lambda: next(self._tokens)[:_CNONCE_DIGITS].decode()
        self._endpoint = endpoint
        self._receivers = endpoint.receivers
        self._dialogs = endpoint.dialogs
        self._send_datagram = endpoint.send
        self._sweeping: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Forget what is pending."""
        for pending in list(self._pending()):
            self.forget(pending)
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    def ask(
        self,
        request: PreparedRequest,
        ended: Ended,
        *,
        plan: TimePlan = REFERENCE_PLAN,
        deadline_at: float | None = None,
        may_leave: MayLeave | None = None,
        trace: Trace | None = None,
    ) -> PendingRequest:
        """Send one request now; `ended` is called once, from the loop, or at once when nothing can be sent.

        Credentials of the request go out as the answer to one challenge, unless `may_leave(realm)` gives a
        Reason to withhold them. `deadline_at`, on the event loop's clock, is the plan's timeout from now unless
        given.
        """
        now = self._loop.time()
        if deadline_at is None:
            deadline_at = now + plan.timeout_seconds
        token = next(self._tokens)
        pending = PendingRequest(self, request, ended, plan, may_leave, trace, token, deadline_at)
        self._begin(pending, token, now)
        return pending

    def forget(self, pending: PendingRequest) -> bool:
        """Wait for this response no more: one that still comes is nobody's. Tell whether it was pending."""
        if self._receivers.get(pending.branch) is not pending:
            return False
        del self._receivers[pending.branch]
        if pending.further_lines:
            del self._dialogs[pending.dialog]
        return True

    async def exchange(
        self,
        request: PreparedRequest,
        *,
        plan: TimePlan,
        deadline_at: float,
        may_leave: MayLeave | None = None,
        trace: Trace | None = None,
        late: LateListening | None = None,
    ) -> ExchangeResult:
        """Ask once and wait for what comes of it; every remote failure is part of the result.

        A request that was sent more than once is listened for by `late` when it has been answered.
        """
        ended: asyncio.Future[PendingRequest] = self._loop.create_future()

        def end(pending: PendingRequest) -> None:
            # A caller that was cancelled takes the request out only in its own turn, and that may come later.
            if not ended.done():
                ended.set_result(pending)

        pending = self.ask(
            request,
            end,
            plan=plan,
            deadline_at=deadline_at,
            may_leave=may_leave,
            trace=trace,
        )
        try:
            result = (await ended).result()
            if late is not None and result.copies is not None:
                late.listen(
                    self._endpoint,
                    pending.branch,
                    pending.dialog,
                    local=request.local,
                    remote=request.remote,
                    copies=result.copies,
                )
            return result
        finally:
            self.forget(pending)

    async def run(
        self,
        requests: Iterable[PreparedRequest],
        *,
        size: int = DEFAULT_SIZE,
        plan: TimePlan = REFERENCE_PLAN,
        may_leave: MayLeave | None = None,
    ) -> AsyncGenerator[PendingRequest, None]:
        """Ask all, `size` at once, and yield each as it ends; the next is taken from `requests` only then.

        What is pending when the iteration is given up is forgotten.
        """
        results: deque[PendingRequest] = deque()
        waiting = self._loop.create_future()

        def take(pending: PendingRequest) -> None:
            results.append(pending)
            if not waiting.done():
                waiting.set_result(None)

        feed = iter(requests)
        free = size
        try:
            while True:
                for request in feed if free else ():
                    self.ask(request, take, plan=plan, may_leave=may_leave)
                    free -= 1
                    if not free:
                        break
                if free == size:
                    return
                await waiting
                waiting = self._loop.create_future()
                while results:
                    free += 1
                    yield results.popleft()
        finally:
            for pending in [each for each in self._pending() if each.ended is take]:
                self.forget(pending)

    def settle(
        self,
        pending: PendingRequest,
        status: int,
        data: bytes,
        address: SocketAddress,
        plain: PlainResponse | None,
    ) -> None:
        """Take the final response: answer its challenge where there is something to answer it with, else end."""
        del self._receivers[pending.branch]
        if pending.further_lines:
            del self._dialogs[pending.dialog]
        pending.status = status
        pending.data = data
        pending.address = address
        now = self._loop.time()
        pending.rtt_seconds = now - pending.started
        lines = None
        try:
            if status in CHALLENGE_STATUS:
                lines = credential_lines(pending, self._new_cnonce, now, plain)
        except Exception as error:  # noqa: BLE001 - a callback's border: raised again in `result`, and here nobody's
            pending.error = error
        if lines is None:
            pending.ended(pending)
        else:
            pending.carry(lines)
            self._dialogs[pending.dialog] = pending  # whose branch is no more what its Call-ID is
            self._begin(pending, next(self._tokens), now)

    def read(self, pending: PendingRequest, data: bytes, address: SocketAddress) -> None:
        """Read in full what has come, and note what is no final response."""
        if self._receivers.get(pending.branch) is not pending:
            return  # ended by what the same datagram meant to another
        matcher = pending.matcher
        response = matcher.read(data, host_port(address))
        if response is None:
            if matcher.unusable is not None:
                settled_at = self._loop.time() + pending.plan.settle_seconds
                pending.ends_at = min(pending.ends_at, settled_at)
        elif response.status < 200:
            matcher.provisional = response.status
        else:
            self.settle(pending, response.status, data, address, None)

    def fail(self, pending: PendingRequest, failure: Failure) -> None:
        """End without a response; a second failure of the same transaction changes nothing."""
        if self.forget(pending):
            pending.failure = pending.matcher.why_failed(failure)
            pending.status = pending.data = pending.rtt_seconds = None
            pending.ended(pending)

    def _pending(self) -> Iterator[PendingRequest]:
        """What of the endpoint's receivers is this batch's; none may be taken out meanwhile."""
        for receiver in self._receivers.values():
            if isinstance(receiver, PendingRequest) and receiver.owner is self:
                yield receiver

    def _begin(self, pending: PendingRequest, branch: bytes, now: float) -> None:
        pending.branch = branch
        pending.started = now
        pending.interval_seconds = self._t1_seconds
        pending.retransmit_at = now + self._t1_seconds
        ends_at = now + self._f_seconds
        pending.ends_at = pending.deadline if pending.deadline < ends_at else ends_at
        self._receivers[branch] = pending
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(_SWEEP_SECONDS, self._sweep)
        self._send(pending)

    def _send(self, pending: PendingRequest) -> None:
        message = pending.message.render(pending.branch, pending.dialog, pending.further_lines)
        try:
            self._send_datagram(message, pending.request.address)
        except TransportFailed as error:
            self.fail(pending, error.failure)
        else:
            if pending.further_lines and pending.authentication is not None:
                pending.authentication.sent = True
            if pending.trace is not None:
                request = pending.request
                pending.trace.sent(str(request.edge), message, request.local, request.remote)

    def _sweep(self) -> None:
        """See to everything that is due, and again in a while as long as anything is pending."""
        now = self._loop.time()
        if self._sweeping is not None and (late_seconds := now - self._sweeping.when()) >= STALL_SECONDS:
            # We ourselves stood still: what came meanwhile is read first, and silence since says nothing.
            for pending in list(self._pending()):
                pending.matcher.late_seconds += late_seconds
            self._sweeping = self._loop.call_later(_SWEEP_SECONDS, self._sweep)
            return
        pending_still = False
        for pending in self._pending():
            pending_still = True
            if pending.retransmit_at <= now or pending.ends_at <= now:
                self._loop.call_soon(self._attend, pending)
        self._sweeping = self._loop.call_later(_SWEEP_SECONDS, self._sweep) if pending_still else None

    def _attend(self, pending: PendingRequest) -> None:
        """Send one again or end it, unless it has ended since it was due."""
        if self._receivers.get(pending.branch) is not pending:
            return
        now = self._loop.time()
        if pending.ends_at <= now:
            waited, proving = now - pending.started, pending.carries_credentials
            self.fail(pending, pending.matcher.silence(waited, pending.plan, proving=proving))
        elif pending.retransmit_at <= now:
            pending.schedule_retransmission(now, self._timers)
            self._send(pending)
