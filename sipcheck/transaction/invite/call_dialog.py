"""One dialog of a call: its ACK, its BYE, and how far both have come."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sipcheck.auth.round import AuthenticationRound
from sipcheck.credentials import Credentials
from sipcheck.report.trace import Trace
from sipcheck.transaction.invite.dialog import Dialog
from sipcheck.transaction.invite.dialog_end import DialogEnd, State
from sipcheck.transaction.invite.leg import MOST_ACKNOWLEDGEMENTS, RequestLeg, Way, new_branch, request_leg


@dataclass(slots=True, eq=False)
class CallDialog:
    """`cseq` is that of the last request of ours, its INVITE's at first; `peer_cseq` the highest of the peer's.

    `realms` are those that the call's INVITE was answered for; `at_edge` says that its requests go where that went.
    `told` says that whoever the call is for knows of it.
    """

    dialog: Dialog
    way: Way
    cseq: int
    realms: frozenset[str]
    at_edge: bool
    told: bool = True
    end: DialogEnd = field(default_factory=DialogEnd)
    peer_cseq: int | None = None
    state: AuthenticationRound = field(init=False)
    _invite_cseq: int = field(init=False)
    _acknowledgement: bytes = b""
    _acknowledged: int = 0

    def __post_init__(self) -> None:
        self.state = AuthenticationRound(once=True, realms=self.realms)
        self._invite_cseq = self.cseq

    @property
    def ended(self) -> bool:
        return self.end.state is State.ENDED

    def is_of(self, invite_cseq: int, remote_tag: str | None) -> bool:
        """Whether a 2xx with this To tag to an INVITE of this number has opened it."""
        return invite_cseq == self._invite_cseq and remote_tag == self.dialog.remote_tag

    def may_answer(self, credentials: Credentials | None) -> Credentials | None:
        """The credentials for a challenge of its BYE; None where it may not be answered.

        Where a BYE goes, the peer has named: elsewhere than at the edge it gets a digest for no realm of its choosing,
        but for those that the INVITE was answered for or that the owner named.
        """
        if credentials is None or not (self.realms or credentials.realms or self.at_edge):
            return None
        return replace(credentials, realms=tuple(self.realms) or credentials.realms)

    def acknowledge(self, fields: Sequence[tuple[str, str]], trace: Trace) -> None:
        """Send the ACK, with the INVITE's CSeq and credentials (RFC 3261 §13.2.2.4, §22.1); its copies are the same."""
        if not self._acknowledgement:
            template = self.dialog.request("ACK")
            self._acknowledgement = self.way.write(
                template, branch=new_branch(), cseq=self._invite_cseq, credentials=fields
            )
        self._acknowledged += 1
        if self._acknowledged <= MOST_ACKNOWLEDGEMENTS:
            self.way.try_to_send(self._acknowledgement, trace)

    def bye(self, fields: Sequence[tuple[str, str]] = ()) -> RequestLeg:
        self.cseq += 1
        template = self.dialog.request("BYE")
        return request_leg(self.way, template, branch=new_branch(), cseq=self.cseq, fields=fields)
