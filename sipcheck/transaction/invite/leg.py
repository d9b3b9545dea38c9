"""One client transaction of a call on its way: its request, the way it goes, and its machine."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from sipcheck.errors import TransportFailed
from sipcheck.message.builder import BRANCH_COOKIE
from sipcheck.report.trace import Trace
from sipcheck.target import TransportName
from sipcheck.transaction.client_transaction import ClientTransaction
from sipcheck.transaction.invite.client_transaction import InviteTransaction
from sipcheck.transaction.matching import TransactionId
from sipcheck.transaction.request_template import RequestTemplate
from sipcheck.transport.channel import Channel

# Copies of one answer that are acknowledged: more than any timer of the peer's would send (RFC 3261 §13.3.1.4).
MOST_ACKNOWLEDGEMENTS = 20


def new_branch() -> str:
    return BRANCH_COOKIE + secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class Way:
    """Where a request of the call goes; `edge` names it in the trace."""

    channel: Channel
    transport: TransportName
    edge: str

    def write(
        self,
        template: RequestTemplate,
        *,
        branch: str,
        cseq: int,
        credentials: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        return template.build(
            transport=self.transport.upper(),
            sent_by=self.channel.local,
            branch=branch,
            cseq=cseq,
            credentials=credentials,
        )

    def send(self, message: bytes, trace: Trace) -> None:
        """Send and record it. Raises TransportFailed."""
        self.channel.send(message)
        trace.sent(self.edge, message, self.channel.local, self.channel.remote)

    def try_to_send(self, message: bytes, trace: Trace) -> None:
        """Send what nobody waits for the answer of; where it cannot be, the trace says so."""
        try:
            self.send(message, trace)
        except TransportFailed as error:
            what = message.partition(b" ")[0].decode("ascii", "replace")
            trace.event(self.edge, f"{what} could not be sent: {error.failure.detail}")


@dataclass(slots=True, eq=False)
class RequestLeg:
    """A CANCEL or a BYE."""

    way: Way
    template: RequestTemplate
    identity: TransactionId
    message: bytes
    machine: ClientTransaction = field(init=False)

    def __post_init__(self) -> None:
        self.machine = ClientTransaction(reliable=self.way.channel.reliable)

    def send(self, trace: Trace) -> None:
        self.way.try_to_send(self.message, trace)


@dataclass(slots=True, eq=False)
class InviteLeg:
    """An INVITE, with its credentials in `fields`; `acknowledgement` is that of its refusal, once written."""

    way: Way
    template: RequestTemplate
    identity: TransactionId
    message: bytes
    fields: Sequence[tuple[str, str]]
    started_at: float
    machine: InviteTransaction = field(init=False)
    acknowledgement: bytes = b""
    acknowledged: int = 0

    def __post_init__(self) -> None:
        self.machine = InviteTransaction(reliable=self.way.channel.reliable)

    def acknowledge(self, trace: Trace) -> None:
        """Send the ACK of a refusal (§17.1.1.3)."""
        self.acknowledged += 1
        if self.acknowledged <= MOST_ACKNOWLEDGEMENTS:
            self.way.try_to_send(self.acknowledgement, trace)


def request_leg(
    way: Way, template: RequestTemplate, *, branch: str, cseq: int, fields: Sequence[tuple[str, str]] = ()
) -> RequestLeg:
    message = way.write(template, branch=branch, cseq=cseq, credentials=fields)
    return RequestLeg(way, template, _identity(template, branch, cseq), message)


def invite_leg(
    way: Way,
    template: RequestTemplate,
    *,
    cseq: int,
    fields: Sequence[tuple[str, str]],
    message: bytes,
    branch: str,
    now: float,
) -> InviteLeg:
    return InviteLeg(way, template, _identity(template, branch, cseq), message, fields, now)


def _identity(template: RequestTemplate, branch: str, cseq: int) -> TransactionId:
    return TransactionId(template.method, branch, cseq, template.call_id, template.from_tag)
