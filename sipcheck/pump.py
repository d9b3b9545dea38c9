"""The only pump: one transport × one transaction, until a final answer, a failure or the deadline."""

import asyncio
from dataclasses import dataclass, field

from sipcheck.errors import NotSip, ParseError, TransportFailed
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.plan import TimePlan
from sipcheck.reasons import Reason
from sipcheck.target import HostPort
from sipcheck.timers import RFC_3261, Timers
from sipcheck.trace import Trace
from sipcheck.transaction import Action, ClientTransaction
from sipcheck.transport.channel import Channel

_PROTOCOL_GREETINGS = (
    (b"HTTP/", "http"),
    (b"SSH-", "ssh"),
    (b"220", "smtp or ftp"),
    (b"RTSP/", "rtsp"),
    (b"\x16\x03", "tls"),
    (b"\x15\x03", "tls"),
    (b"<", "html or xml"),
    (b"-ERR", "redis"),
)


@dataclass(frozen=True, slots=True)
class Transaction:
    """What identifies the one request that a response must answer (RFC 3261 §17.1.3)."""

    method: str
    branch: str
    cseq: int
    call_id: str
    from_tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A final response, or why none came; `rtt_seconds` counts from the first transmission."""

    response: Response | None = None
    failure: Reason | None = None
    detail: str = ""
    source: HostPort | None = None
    provisional: int | None = None
    rtt_seconds: float | None = None
    retransmissions: int = 0


@dataclass(slots=True)
class Inbox:
    """Takes what the transport delivers, in order, until the pump has time for it."""

    arrivals: asyncio.Queue[tuple[bytes, HostPort] | TransportFailed] = field(default_factory=asyncio.Queue)

    def message_received(self, data: bytes, source: HostPort) -> None:
        self.arrivals.put_nowait((data, source))

    def noise_received(self, data: bytes, source: HostPort) -> None:
        self.arrivals.put_nowait((data, source))

    def failed(self, error: TransportFailed) -> None:
        self.arrivals.put_nowait(error)


class Pump:
    """Carries one transaction. Times are the event loop's clock in seconds."""

    def __init__(
        self,
        channel: Channel,
        identity: Transaction,
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
        self._provisional: int | None = None
        self._unusable: tuple[Reason, str] | None = None

    async def run(self) -> Reply:
        """Send and wait; every remote failure is part of the reply."""
        self._started = self._loop.time()
        self._channel.attach(self._identity.branch, self._inbox)
        try:
            return await self._pump()
        except TransportFailed as failure:
            self._machine.on_transport_error(self._loop.time())
            failure = await self._channel.explain(failure)
            return self._without_answer(failure.reason, failure.detail)
        finally:
            self._channel.detach(self._identity.branch)

    async def _pump(self) -> Reply:
        if (ended := self._perform(self._machine.start(self._started))) is not None:
            return ended
        while True:
            arrival = await self._next_arrival()
            now = self._loop.time()
            if arrival is None:
                if now >= self._deadline:
                    return self._without_answer(*self._why_silent(now))
                if (ended := self._perform(self._machine.on_time(now))) is not None:
                    return ended
            elif isinstance(arrival, TransportFailed):
                raise arrival
            elif (reply := self._consider(*arrival, now)) is not None:
                return reply

    async def _next_arrival(self) -> tuple[bytes, HostPort] | TransportFailed | None:
        """Return what arrived, or None when a timer or the deadline is due."""
        timer_at = self._machine.next_at
        due_at = self._deadline if timer_at is None else min(timer_at, self._deadline)
        try:
            async with asyncio.timeout_at(due_at):
                return await self._inbox.arrivals.get()
        except TimeoutError:
            return None

    def _perform(self, actions: tuple[Action, ...]) -> Reply | None:
        for action in actions:
            if action is Action.SEND:
                self._channel.send(self._message)
                self._trace.sent(self._edge, self._message)
            elif action is Action.TIMED_OUT:
                return self._without_answer(*self._why_silent(self._loop.time()))
        return None

    def _consider(self, data: bytes, source: HostPort, now: float) -> Reply | None:
        """Take a message for our final answer, or note why it is none and wait on."""
        response = self._read(data)
        if response is None:
            if self._unusable is not None:
                self._deadline = min(self._deadline, now + self._plan.settle_seconds)
            return None
        self._trace.received(self._edge, data)
        actions = self._machine.on_response(response.status, now)
        if Action.DELIVER_PROVISIONAL in actions:
            self._provisional = response.status
        if Action.DELIVER_FINAL not in actions:
            return None
        return Reply(
            response=response,
            source=source,
            provisional=self._provisional,
            rtt_seconds=now - self._started,
            retransmissions=self._machine.retransmissions,
        )

    def _read(self, data: bytes) -> Response | None:
        try:
            message = parse(data)
        except ParseError as error:
            self._note_unusable(data, error)
            return None
        if isinstance(message, Request):
            self._trace.event(self._edge, f"a {message.method} request from the peer, ignored")
            return None
        if len(message.vias) > 1:
            self._trace.received(self._edge, data)
            detail = f"the answer carries {len(message.vias)} Via headers, where ours alone belongs (RFC 3261 §8.1.3.3)"
            self._trace.event(self._edge, detail)
            self._unusable = (Reason.SIP_MALFORMED_RESPONSE, detail)
            return None
        if not self._answers_us(message):
            self._trace.event(self._edge, f"a {message.status} that answers another request, ignored")
            return None
        return message

    def _answers_us(self, response: Response) -> bool:
        ours, cseq = self._identity, response.cseq
        return (
            cseq.method == ours.method
            and cseq.number == ours.cseq
            and response.call_id == ours.call_id
            and response.from_tag == ours.from_tag
        )

    def _note_unusable(self, data: bytes, error: ParseError) -> None:
        if isinstance(error, NotSip):
            protocol = next((name for start, name in _PROTOCOL_GREETINGS if data.startswith(start)), None)
            detail = f"it looks like {protocol}" if protocol else f"{len(data)} bytes that are not SIP"
            self._unusable = self._unusable or (Reason.SIP_NOT_SPOKEN, detail)
            self._trace.event(self._edge, f"not SIP: {detail}")
            return
        self._trace.received(self._edge, data)
        self._trace.event(self._edge, f"not usable: {error}")
        self._unusable = (Reason.SIP_MALFORMED_RESPONSE, str(error))

    def _why_silent(self, now: float) -> tuple[Reason, str]:
        if self._unusable is not None:
            return self._unusable
        if self._provisional is not None:
            return Reason.NO_RESPONSE, f"only {self._provisional}, and no final answer"
        waited = now - self._started
        if waited < self._plan.fair_chance_seconds:
            return Reason.DEADLINE_EXCEEDED, f"our deadline left only {waited:.1f} s for an answer"
        return Reason.NO_RESPONSE, f"no answer in {waited:.1f} s"

    def _without_answer(self, reason: Reason, detail: str) -> Reply:
        if self._unusable is not None and reason is not self._unusable[0]:
            reason, detail = self._unusable
        self._trace.event(self._edge, f"{self._identity.method}: {detail}")
        return Reply(
            failure=reason,
            detail=detail,
            provisional=self._provisional,
            retransmissions=self._machine.retransmissions,
        )
