"""What TCP and TLS share: one connection, framed by Content-Length (RFC 3261 §18.3)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from sipcheck.errors import MalformedMessage, NotSip, ParseError, TransportFailed
from sipcheck.failure import Failure
from sipcheck.message.framing import StreamFramer
from sipcheck.message.parser import top_branch, top_call_id
from sipcheck.reasons import Cause, Reason
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.settings import CATCH_UP_SECONDS, STALL_SECONDS
from sipcheck.target import HostPort
from sipcheck.transport.channel import Receiver, Unfinished
from sipcheck.transport.failures import from_error

Explain = Callable[[Failure], Awaitable[Failure]]


class Pipe(Protocol):
    """What a channel goes through: a TCP connection, or TLS on one."""

    @property
    def local(self) -> HostPort: ...

    def write(self, data: bytes) -> None: ...

    def break_off(self, error: OSError | None) -> None: ...

    def abort(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(slots=True, eq=False, repr=False)
class StreamChannel:
    """One edge over one connection: frames what comes and hands each message to the receiver of its branch.

    `failure` says why nothing more comes, once that is so. `explain_reset` finds out more about it.
    """

    remote: HostPort
    local: HostPort = HostPort("", None)
    reliable: bool = True
    certificate: Certificate | None = None
    warnings: tuple[ReportWarning, ...] = ()
    explain_reset: Explain | None = None
    failure: Failure | None = None
    heard: bool = False
    _opened: asyncio.Future[None] | None = None
    _pipe: Pipe | None = None
    _framer: StreamFramer | None = None
    _timer: asyncio.TimerHandle | None = None
    _pieces: int = 0
    _last_at: float = 0.0
    _receivers: dict[str, Receiver] = field(default_factory=dict)

    async def open(self, pipe: Pipe, deadline_at: float) -> None:
        """Wait until the pipe is open, no longer than `deadline_at` on the loop's clock; raises TransportFailed."""
        loop = asyncio.get_running_loop()
        self._pipe = pipe
        self._opened = loop.create_future()
        due_at = max(deadline_at, loop.time())
        self._timer = loop.call_at(due_at, self._overdue, pipe, due_at)
        try:
            await self._opened
        except BaseException:
            pipe.abort()
            raise
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._opened = None
        self.local = pipe.local

    def _overdue(self, pipe: Pipe, due_at: float) -> None:
        loop = asyncio.get_running_loop()
        late_seconds = loop.time() - due_at
        if late_seconds < STALL_SECONDS:
            pipe.break_off(TimeoutError())
        else:
            self._timer = loop.call_later(CATCH_UP_SECONDS, self._stalled, pipe, late_seconds)

    def _stalled(self, pipe: Pipe, late_seconds: float) -> None:
        """We ourselves stood still, and what came meanwhile has not opened the way."""
        said = {"seconds": f"{late_seconds:.1f}"}
        self.fail(Failure.of(Reason.DEADLINE_EXCEEDED, "ours.late", Cause.OWN_STALL, **said))
        pipe.abort()

    def connected(self) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(None)

    def bytes_received(self, data: memoryview) -> None:
        self.heard = True
        if self._framer is None:
            self._framer = StreamFramer()
        framer = self._framer
        try:
            messages = framer.feed(data)
        except ParseError as error:
            self._lost_the_thread(error, framer.held)
            return
        for message in messages:
            self._dispatch(message)
        if framer.fault is not None:
            self._lost_the_thread(framer.fault, framer.held)
        elif framer.pending:
            self._pieces = 1 if messages else self._pieces + 1
            self._last_at = asyncio.get_running_loop().time()
        elif messages:
            self._pieces = 0
        else:
            for receiver in tuple(self._receivers.values()):
                receiver.kept_alive()

    def _dispatch(self, message: bytes) -> None:
        """Deliver by branch, else by Call-ID; whose it is by neither is for each to judge, since we alone are here."""
        branch = top_branch(message)
        meant = None if branch is None else self._receivers.get(branch.lower())
        if meant is not None:
            meant.received(message, self.remote)
            return
        receivers = tuple(self._receivers.values())
        call_id = top_call_id(message)
        for receiver in [each for each in receivers if each.call_id == call_id] or receivers:
            receiver.received(message, self.remote)

    def _lost_the_thread(self, fault: ParseError, held: bytes) -> None:
        """The start of the next message can no longer be found: the connection is of no more use."""
        reason = Reason.SIP_NOT_SPOKEN if isinstance(fault, NotSip) else Reason.SIP_MALFORMED_RESPONSE
        for receiver in tuple(self._receivers.values()):
            receiver.unframed(held, self.remote, fault)
        self.fail(Failure(reason, fault.sentence))
        if self._pipe is not None:
            self._pipe.abort()

    def ended(self, error: OSError | None) -> None:
        if error is not None:
            self.fail(from_error(error))
        elif (begun := self.unfinished) is not None:
            self._lost_the_thread(MalformedMessage("message.connection-ended"), begun.data)
        else:
            self.fail(Failure.of(Reason.CONNECTION_RESET, "connection.closed-by-peer"))

    def fail(self, failure: Failure) -> None:
        """Bring nothing more, for this reason."""
        if self.failure is None:
            self.failure = failure
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(TransportFailed(self.failure))
        for receiver in tuple(self._receivers.values()):
            receiver.failed(self.failure)

    @property
    def unfinished(self) -> Unfinished | None:
        """What has come of a message that is not whole yet: what silence is not."""
        if self._framer is None or not self._framer.pending:
            return None
        return Unfinished(self._framer.held, self._pieces, self._last_at)

    @property
    def usable(self) -> bool:
        return self.failure is None

    def attach(self, branch: str, receiver: Receiver) -> None:
        self._receivers[branch.lower()] = receiver

    def detach(self, branch: str) -> None:
        self._receivers.pop(branch.lower(), None)

    def send(self, data: bytes) -> None:
        if self.failure is not None:
            raise TransportFailed(self.failure)
        if self._pipe is not None:
            self._pipe.write(data)

    async def explain(self, failure: Failure) -> Failure:
        if self.explain_reset is None or self.heard:
            return failure
        return await self.explain_reset(failure)

    async def close(self) -> None:
        """Close in good order; a peer that does not answer TLS's farewell is not waited for."""
        pipe, self._pipe = self._pipe, None
        if self.failure is None:
            self.failure = Failure.of(Reason.CONNECTION_RESET, "connection.closed-by-us")
        if pipe is not None:
            await pipe.close()
