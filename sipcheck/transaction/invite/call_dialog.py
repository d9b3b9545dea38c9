"""One dialog of a call: its ACK, its BYE, and how far both have come."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sipcheck.auth.round import AuthenticationRound
from sipcheck.report.trace import Trace
from sipcheck.transaction.invite.dialog import Dialog
from sipcheck.transaction.invite.dialog_end import DialogEnd, State
from sipcheck.transaction.invite.leg import MOST_ACKNOWLEDGEMENTS, RequestLeg, Way, new_branch, request_leg


@dataclass(slots=True, eq=False)
class CallDialog:
    """`cseq` is that of the last request of ours, its INVITE's at first; `peer_cseq` the highest of the peer's."""

    dialog: Dialog
    way: Way
    cseq: int
    state: AuthenticationRound
    end: DialogEnd = field(default_factory=DialogEnd)
    peer_cseq: int | None = None
    _acknowledgement: bytes = b""
    _acknowledged: int = 0

    @property
    def ended(self) -> bool:
        return self.end.state is State.ENDED

    def acknowledge(self, fields: Sequence[tuple[str, str]], trace: Trace) -> None:
        """Send the ACK, with the INVITE's CSeq and credentials (RFC 3261 §13.2.2.4, §22.1); its copies are the same."""
        if not self._acknowledgement:
            template = self.dialog.request("ACK")
            self._acknowledgement = self.way.write(
                template, branch=new_branch(), cseq=self.cseq, credentials=fields
            )
        self._acknowledged += 1
        if self._acknowledged <= MOST_ACKNOWLEDGEMENTS:
            self.way.try_to_send(self._acknowledgement, trace)

    def bye(self, fields: Sequence[tuple[str, str]] = ()) -> RequestLeg:
        self.cseq += 1
        template = self.dialog.request("BYE")
        return request_leg(self.way, template, branch=new_branch(), cseq=self.cseq, fields=fields)
