"""Whoever a call is for: what it is told, and one that lets it ring at nobody's."""

from typing import TYPE_CHECKING, Protocol

from sipcheck.diagnosis.evidence import RINGING
from sipcheck.message.message import Response
from sipcheck.transaction.invite.dialog import Dialog

if TYPE_CHECKING:
    from sipcheck.transaction.invite.call import Call


class CallUser(Protocol):
    """Each is called from the call's task, and may end it by `hang_up()`; none may block."""

    def rings(self, call: "Call", response: Response) -> None:
        """A provisional response above 100 has come."""

    def taken(self, call: "Call", response: Response, dialog: Dialog) -> None:
        """A 2xx has opened a dialog, and its ACK has left."""

    def left(self, call: "Call", dialog: Dialog) -> None:
        """A dialog has ended, by the peer's BYE or by ours."""


class RingNobody:
    """Ends a call as soon as it rings or is taken."""

    def rings(self, call: "Call", response: Response) -> None:
        if response.status in RINGING:
            call.hang_up()

    def taken(self, call: "Call", response: Response, dialog: Dialog) -> None:
        call.hang_up()

    def left(self, call: "Call", dialog: Dialog) -> None:
        """There is nothing more to do."""
