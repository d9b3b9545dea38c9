"""Whom a test call is for: hears it ring, lets it be answered and heard, and ends it when its time is over."""

import asyncio
from dataclasses import dataclass, field

from sipcheck.diagnosis.evidence import RINGING
from sipcheck.media.answer import AgreedMedia, MediaMisfit, agree
from sipcheck.media.encryption import SrtpKey
from sipcheck.media.stream import MediaStream
from sipcheck.message.message import Response
from sipcheck.transaction.invite.call import Call
from sipcheck.transaction.invite.dialog import Dialog
from sipcheck.verification.calling.options import CallOptions


@dataclass(eq=False)
class CallListener:
    """Keeps the moments of one call, on the event loop's clock; with `rings_only` it is ended as soon as it rings."""

    stream: MediaStream
    options: CallOptions
    rings_only: bool = False
    key: SrtpKey | None = field(default=None, repr=False)
    invited_at: float = 0.0
    provisional_at: float | None = None
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by_peer: bool = False
    misfit: MediaMisfit | None = None
    _hung_up: bool = False
    _early: AgreedMedia | MediaMisfit | None = None
    _dialogs: int = 0
    _timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def begin(self, call: Call) -> None:
        """Start the time for which it may ring."""
        loop = asyncio.get_running_loop()
        self.invited_at = loop.time()
        self._timers.append(loop.call_later(self.options.ring_seconds, self._give_up, call))

    def rings(self, call: Call, response: Response) -> None:
        """Note when it rang; sound that comes before the answer is listened to, and none is sent."""
        now = asyncio.get_running_loop().time()
        self.provisional_at = self.provisional_at or now
        if response.status in RINGING:
            self.ringing_at = self.ringing_at or now
            if response.body:
                self._early = self._agree(response)
            if self.rings_only:
                self._hang_up(call)

    def taken(self, call: Call, response: Response, dialog: Dialog) -> None:
        """Begin to talk; a further branch of a fork is ended at once."""
        self._dialogs += 1
        if self.answered_at is not None:
            call.leave(dialog)
            return
        loop = asyncio.get_running_loop()
        self.answered_at = loop.time()
        # The answer's session is that of its 183, where both are there (RFC 3261 §13.2.1); some send the first alone.
        agreed = self._agree(response) if response.body or self._early is None else self._early
        if isinstance(agreed, MediaMisfit):
            self.misfit = agreed
        else:
            self.stream.start(agreed)
        if self.rings_only:
            self._hang_up(call)
        else:
            self._timers.append(loop.call_later(self.options.talk_seconds, self._hang_up, call))

    def left(self, call: Call, dialog: Dialog) -> None:
        """Note who ended it, and stop talking."""
        self._dialogs -= 1
        if self._dialogs <= 0 and self.ended_at is None:
            self.ended_at = asyncio.get_running_loop().time()
            self.ended_by_peer = not self._hung_up
            self.stream.close()

    @property
    def given_up(self) -> bool:
        """Whether we ended it before it was taken."""
        return self._hung_up and self.answered_at is None

    def close(self) -> None:
        """Stop all that runs by time, and let go of the ports."""
        for timer in self._timers:
            timer.cancel()
        self.stream.close()

    def _agree(self, response: Response) -> AgreedMedia | MediaMisfit:
        return agree(
            response.body,
            local_address=self.stream.sockets.local.host,
            codecs=self.options.codecs,
            key=self.key,
        )

    def _give_up(self, call: Call) -> None:
        if self.answered_at is None:
            self._hang_up(call)

    def _hang_up(self, call: Call) -> None:
        self._hung_up = True
        # Our sound ends with our BYE, and what is counted with it.
        if self.answered_at is not None:
            self.stream.close()
        call.hang_up()
