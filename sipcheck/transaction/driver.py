"""The only pump: one transport × one transaction, until a final answer, a failure or the deadline."""

import asyncio
from dataclasses import dataclass, field, replace

from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.errors import TransportFailed
from sipcheck.failure import Failure
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.transaction.client_transaction import Action, ClientTransaction
from sipcheck.transaction.matching import ResponseMatcher, TransactionId
from sipcheck.transaction.result import read_result
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.timers import RFC_3261, Timers
from sipcheck.transport.channel import Channel


@dataclass(slots=True)
class Inbox:
    """Takes what the transport delivers, in order, until the pump has time for it."""

    arrivals: asyncio.Queue[tuple[bytes, HostPort] | Failure] = field(default_factory=asyncio.Queue)

    def message_received(self, data: bytes, source: HostPort) -> None:
        self.arrivals.put_nowait((data, source))

    def noise_received(self, data: bytes, source: HostPort) -> None:
        self.arrivals.put_nowait((data, source))

    def failed(self, failure: Failure) -> None:
        self.arrivals.put_nowait(failure)


class TransactionDriver:
    """Carries one transaction. Times are the event loop's clock in seconds."""

    def __init__(
        self,
        channel: Channel,
        identity: TransactionId,
        message: bytes,
        *,
        edge: str,
        trace: Trace,
        deadline: float,
        plan: TimePlan,
        timers: Timers = RFC_3261,
    ) -> None:
        self._channel = channel
        self._identity = identity
        self._message = message
        self._edge = edge
        self._trace = trace
        self._deadline = deadline
        self._plan = plan
        self._machine = ClientTransaction(reliable=channel.reliable, timers=timers)
        self._inbox = Inbox()
        self._loop = asyncio.get_running_loop()
        self._started = 0.0
        self._listening = ResponseMatcher(identity, edge, trace)

    async def run(self) -> ExchangeResult:
        """Send and wait; every remote failure is part of the result."""
        self._started = self._loop.time()
        self._channel.attach(self._identity.branch, self._inbox)
        try:
            return await self._pump()
        except TransportFailed as error:
            self._machine.on_transport_error(self._loop.time())
            return self._without_answer(await self._channel.explain(error.failure))
        finally:
            self._channel.detach(self._identity.branch)

    async def _pump(self) -> ExchangeResult:
        if (ended := self._perform(self._machine.start(self._started))) is not None:
            return ended
        while True:
            arrival = await self._next_arrival()
            now = self._loop.time()
            if arrival is None:
                if now >= self._deadline:
                    return self._without_answer(self._why_silent(now))
                if (ended := self._perform(self._machine.on_time(now))) is not None:
                    return ended
            elif isinstance(arrival, Failure):
                raise TransportFailed(arrival)
            elif (reply := self._consider(*arrival, now)) is not None:
                return reply

    async def _next_arrival(self) -> tuple[bytes, HostPort] | Failure | None:
        """Return what arrived, or None when a timer or the deadline is due."""
        timer_at = self._machine.next_at
        due_at = self._deadline if timer_at is None else min(timer_at, self._deadline)
        try:
            async with asyncio.timeout_at(due_at):
                return await self._inbox.arrivals.get()
        except TimeoutError:
            return None

    def _perform(self, actions: tuple[Action, ...]) -> ExchangeResult | None:
        for action in actions:
            if action is Action.SEND:
                self._channel.send(self._message)
                self._trace.sent(self._edge, self._message)
            elif action is Action.TIMED_OUT:
                return self._without_answer(self._why_silent(self._loop.time()))
        return None

    def _consider(self, data: bytes, source: HostPort, now: float) -> ExchangeResult | None:
        """Take a message for our final answer, or note why it is none and wait on."""
        response = self._listening.read(data)
        if response is None:
            if self._listening.unusable is not None:
                self._deadline = min(self._deadline, now + self._plan.settle_seconds)
            return None
        actions = self._machine.on_response(response.status, now)
        if Action.DELIVER_PROVISIONAL in actions:
            self._listening.provisional = response.status
        if Action.DELIVER_FINAL not in actions:
            return None
        channel = self._channel
        result = read_result(
            response, source=source, remote=channel.remote, local=channel.local, trace=self._trace
        )
        return replace(result, rtt_seconds=now - self._started, retransmissions=self._machine.retransmissions)

    def _why_silent(self, now: float) -> Failure:
        self._listening.cut_short(self._channel.unfinished)
        return self._listening.silence(now - self._started, self._plan)

    def _without_answer(self, failure: Failure) -> ExchangeResult:
        return ExchangeResult(
            method=self._identity.method,
            failure=self._listening.why_failed(failure),
            local_address=str(self._channel.local),
            retransmissions=self._machine.retransmissions,
        )
