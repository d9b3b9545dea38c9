"""What takes a call's INVITE back: its CANCEL, and how long the end of the INVITE is awaited then (RFC 3261 §9.1)."""

from collections.abc import Iterator, Sequence

from sipcheck.message.message import Response
from sipcheck.report.trace import Trace
from sipcheck.transaction.client_transaction import Action
from sipcheck.transaction.invite.cancellation import Cancellation, Event
from sipcheck.transaction.invite.leg import InviteLeg, RequestLeg, request_leg
from sipcheck.transaction.invite.within_invite import cancel
from sipcheck.transaction.timers import RFC_3261


class CallCancel:
    """Of one call, whose INVITEs follow each other; moments are on the event loop's clock."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._rule = Cancellation()
        self._request: RequestLeg | None = None
        self._awaited_until: float | None = None

    def begin(self) -> None:
        """An INVITE is about to leave."""
        self._rule = Cancellation()

    def on_provisional(self, invite: InviteLeg, now: float) -> None:
        if self._rule.on(Event.PROVISIONAL):
            self._leave(invite, now)

    def on_hang_up(self, invite: InviteLeg, now: float) -> None:
        if self._rule.on(Event.HANG_UP):
            self._leave(invite, now)

    def on_final(self, now: float) -> None:
        """There is nothing left to take back, and the CANCEL that did so is not sent again: its answer may come yet."""
        self._rule.on(Event.FINAL)
        self._awaited_until = None
        if self._request is not None:
            self._request.machine.on_transport_error(now)

    def moments(self) -> Iterator[float | None]:
        """When something of it is due."""
        yield self._awaited_until
        yield None if self._request is None else self._request.machine.next_at

    def on_time(self, now: float) -> bool:
        """Send again what is due; true when the INVITE has no end by now, so that it has none."""
        if self._request is not None:
            self._perform(self._request, self._request.machine.on_time(now))
        return self._awaited_until is not None and now >= self._awaited_until

    def is_answered_by(self, response: Response) -> bool:
        return self._request is not None and not self._request.identity.differences(response)

    def on_response(self, response: Response, now: float) -> None:
        if self._request is not None:
            self._request.machine.on_response(response.status, now)

    def _leave(self, invite: InviteLeg, now: float) -> None:
        """Send CANCEL: the INVITE's branch, Route and Via, by the way that it went."""
        self._awaited_until = now + RFC_3261.f_seconds
        self._request = request_leg(
            invite.way, cancel(invite.template), branch=invite.identity.branch, cseq=invite.identity.cseq
        )
        self._perform(self._request, self._request.machine.start(now))

    def _perform(self, request: RequestLeg, actions: Sequence[Action]) -> None:
        if Action.SEND in actions:
            request.send(self._trace)
