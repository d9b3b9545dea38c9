"""Carries one transaction over one channel, until a final response, a failure or the deadline."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from sipcheck.auth.server_proof import SentCredentials
from sipcheck.diagnosis.evidence import Copies, ExchangeResult
from sipcheck.errors import ParseError, TransportFailed
from sipcheck.failure import Failure
from sipcheck.settings import CATCH_UP_SECONDS, STALL_SECONDS
from sipcheck.target import HostPort
from sipcheck.transaction.client_transaction import Action, ClientTransaction
from sipcheck.transaction.matching import ResponseMatcher, TransactionId
from sipcheck.transaction.result import read_result
from sipcheck.transaction.run_context import RunContext
from sipcheck.transport.channel import Channel


@dataclass(frozen=True, slots=True)
class Transmission:
    """The request of one transaction, and the way it goes; `edge` names it in the trace, `sent` is what it carries."""

    channel: Channel
    edge: str
    identity: TransactionId
    message: bytes
    sent: SentCredentials | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message, or with a `fault` the bytes that none can be cut from."""

    data: bytes
    source: HostPort
    fault: ParseError | None = None


_MOST_WAITING = 64


@dataclass(slots=True)
class Inbox:
    """Takes what the transport delivers for one Call-ID, in order, until the driver has time for it.

    `dropped` counts what came while more waited than is kept: a peer that sends without end fills no memory.
    """

    call_id: bytes = b""
    arrivals: deque[Arrival | Failure] = field(default_factory=deque)
    most_waiting: int = _MOST_WAITING
    dropped: int = 0
    keep_alives: int = 0
    _awaited: asyncio.Future[None] | None = None

    def received(self, data: bytes, source: HostPort) -> None:
        if len(self.arrivals) < self.most_waiting:
            self._put(Arrival(data, source))
        else:
            self.dropped += 1

    def unframed(self, data: bytes, source: HostPort, fault: ParseError) -> None:
        self._put(Arrival(data, source, fault))

    def kept_alive(self) -> None:
        self.keep_alives += 1

    def failed(self, failure: Failure) -> None:
        self._put(failure)

    async def wait(self, until: float) -> bool:
        """Wait for one to arrive, and no longer than to this moment of the event loop's; whether one is there."""
        if not self.arrivals:
            loop = asyncio.get_running_loop()
            self._awaited = loop.create_future()
            timer = loop.call_at(until, self._wake)
            try:
                await self._awaited
            finally:
                timer.cancel()
                self._awaited = None
        return bool(self.arrivals)

    def _put(self, arrival: Arrival | Failure) -> None:
        self.arrivals.append(arrival)
        self._wake()

    def _wake(self) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)


class TransactionDriver:
    """Carries one transaction; moments are on the event loop's clock."""

    def __init__(self, transmission: Transmission, run: RunContext) -> None:
        self._sending = transmission
        self._channel = transmission.channel
        self._trace = run.trace
        self._deadline = run.deadline
        self._plan = run.plan
        self._machine = ClientTransaction(reliable=self._channel.reliable)
        self._inbox = Inbox(transmission.identity.call_id.encode("utf-8", "surrogateescape"))
        self._loop = asyncio.get_running_loop()
        self._started = 0.0
        self.sent = False  # whether the request has left
        self._matcher = ResponseMatcher(
            transmission.identity, transmission.edge, self._channel.local, run.trace
        )

    async def run(self) -> ExchangeResult:
        """Send and wait; every remote failure is part of the result."""
        self._started = self._loop.time()
        self._channel.attach(self._sending.identity.branch, self._inbox)
        try:
            return await self._wait()
        except TransportFailed as error:
            self._machine.on_transport_error(self._loop.time())
            self._note_unfinished(self._loop.time())
            return self._without_answer(await self._channel.explain(error.failure))
        finally:
            self._channel.detach(self._sending.identity.branch)
            if self._inbox.dropped:
                said = f"{self._inbox.dropped} messages were left unread: more came at once than are kept"
                self._trace.event(self._sending.edge, said)

    async def _wait(self) -> ExchangeResult:
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
            elif (reply := self._consider(arrival, now)) is not None:
                return reply
            elif now >= self._deadline:
                return self._without_answer(self._why_silent(now))
            else:
                await asyncio.sleep(
                    0
                )  # what waits is there at once: others have their turn between two of them

    async def _next_arrival(self) -> Arrival | Failure | None:
        """Return what arrived, or None when a timer or the deadline is due.

        Where we ourselves come late, what came meanwhile is taken first.
        """
        timer_at = self._machine.next_at
        due_at = self._deadline if timer_at is None else min(timer_at, self._deadline)
        began_at = self._loop.time()
        if not await self._inbox.wait(due_at):
            late_seconds = self._loop.time() - max(due_at, began_at)
            if late_seconds >= STALL_SECONDS:
                self._matcher.late_seconds += late_seconds
                await asyncio.sleep(CATCH_UP_SECONDS)
        return self._inbox.arrivals.popleft() if self._inbox.arrivals else None

    def _perform(self, actions: tuple[Action, ...]) -> ExchangeResult | None:
        for action in actions:
            if action is Action.SEND:
                self._channel.send(self._sending.message)
                self.sent = True
                channel = self._channel
                self._trace.sent(self._sending.edge, self._sending.message, channel.local, channel.remote)
            elif action is Action.TIMED_OUT:
                return self._without_answer(self._why_silent(self._loop.time()))
        return None

    def _consider(self, arrival: Arrival, now: float) -> ExchangeResult | None:
        """Take a message for our final answer, or note why it is none and wait on."""
        if arrival.fault is not None:
            self._matcher.note_unusable(arrival.data, arrival.source, arrival.fault)
            return None
        response = self._matcher.read(arrival.data, arrival.source)
        if response is None:
            if self._matcher.unusable is not None:
                self._deadline = min(self._deadline, now + self._plan.settle_seconds)
            return None
        actions = self._machine.on_response(response.status, now)
        if Action.DELIVER_PROVISIONAL in actions:
            self._matcher.provisional = response.status
        if Action.DELIVER_FINAL not in actions:
            return None
        channel, machine, matcher = self._channel, self._machine, self._matcher
        sent_more_than_once = machine.retransmissions or matcher.repeats
        return read_result(
            response,
            source=arrival.source,
            remote=channel.remote,
            local=channel.local,
            trace=self._trace,
            sent=self._sending.sent,
            rtt_seconds=now - self._started,
            retransmissions=machine.retransmissions,
            provisional=matcher.provisional,
            copies=Copies(matcher.repeats) if sent_more_than_once else None,
            cseq=self._sending.identity.cseq,
            further_facts=matcher.facts,
        )

    def _why_silent(self, now: float) -> Failure:
        self._note_unfinished(now)
        self._matcher.keep_alives = self._inbox.keep_alives
        proving = self._sending.sent is not None
        return self._matcher.silence(now - self._started, self._plan, proving=proving)

    def _note_unfinished(self, now: float) -> None:
        begun = self._channel.unfinished
        if begun is not None:
            self._matcher.note_unfinished(begun.data, begun.pieces, now - begun.last_at, self._channel.remote)

    def _without_answer(self, failure: Failure) -> ExchangeResult:
        return ExchangeResult(
            method=self._sending.identity.method,
            failure=self._matcher.why_failed(failure),
            local_address=str(self._channel.local),
            retransmissions=self._machine.retransmissions,
            facts=self._matcher.facts,
        )
