"""One question on its way: what has been sent and heard for it, and in the end its answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sipcheck.auth.round import CHALLENGE_STATUS, AuthenticationRound
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.failure import Failure
from sipcheck.message.builder import BRANCH_COOKIE
from sipcheck.message.message import Response
from sipcheck.message.parser import parse
from sipcheck.reasons import Reason
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.transaction.matching import ResponseMatcher, TransactionId
from sipcheck.transaction.result import read_result, with_round
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.transaction.timers import Timers
from sipcheck.transaction.udp_batch.plain_response import PlainResponse, challenge_values
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.transport.udp import host_port
from sipcheck.transport.udp_socket import SocketAddress

# Asked with the realm right before credentials leave; a Reason withholds them.
MayLeave = Callable[[str], Reason | None]
Answered = Callable[["PendingRequest"], None]


class PendingRequest:
    """Moments are on the event loop's clock, durations in seconds; exactly one of `status` and `failure` is set.

    Written for the many: no attribute is set before it is needed, and the answer is read only when asked for.
    """

    # Defaults of the class: what is the same for nearly all is set for none.
    authentication: AuthenticationRound | None = None
    further_lines = b""
    retransmissions = 0
    status: int | None = None
    failure: Failure | None = None
    rtt_seconds: float | None = None
    data: bytes | None = None
    address: SocketAddress | None = None
    too_large = False
    _listening: ResponseMatcher | None = None

    branch: bytes
    started: float
    ends_at: float
    retransmit_at: float
    interval_seconds: float

    def __init__(
        self,
        question: PreparedRequest,
        answered: Answered,
        plan: TimePlan,
        may_leave: MayLeave | None,
        trace: Trace | None,
        dialog: bytes,
        deadline: float,
    ) -> None:
        self.question = question
        self.template = question.first
        self.answered = answered
        self.plan = plan
        self.may_leave = may_leave
        self.trace = trace
        self.dialog = dialog
        self.deadline = deadline

    @property
    def listening(self) -> ResponseMatcher:
        """What has been heard besides a plain answer."""
        if self._listening is None:
            identity = TransactionId(
                method=self.question.draft.method,
                branch=BRANCH_COOKIE + self.branch.decode(),
                cseq=self.template.cseq,
                call_id=self.dialog.decode(),
                from_tag=self.dialog.decode(),
            )
            self._listening = ResponseMatcher(identity, str(self.question.edge), self.trace)
        return self._listening

    @property
    def provisional(self) -> int | None:
        return None if self._listening is None else self._listening.provisional

    @property
    def other_source(self) -> HostPort | None:
        """Where the answer came from when that is not where the request went."""
        if self.address is None or self.address[:2] == self.question.address:
            return None
        source = host_port(self.address)
        return source if source != self.question.source else None

    def schedule_retransmission(self, now: float, timers: Timers) -> None:
        """Set Timer E anew: doubled up to T2, and T2 at once after a provisional response (§17.1.2.2)."""
        self.retransmissions += 1
        proceeding = self.provisional is not None
        self.interval_seconds = (
            timers.t2_seconds if proceeding else min(2 * self.interval_seconds, timers.t2_seconds)
        )
        self.retransmit_at = max(self.retransmit_at + self.interval_seconds, now + timers.t1_seconds)

    def carry(self, further_lines: bytes) -> None:
        """Make ready for the next transaction, which carries these header lines."""
        self.further_lines = further_lines
        self.template = self.question.template(self.template.cseq + 1)
        self.status = self.data = self.address = self.rtt_seconds = None
        self._listening = None

    def challenge_values(self, plain: PlainResponse | None) -> tuple[Sequence[str], Sequence[str]]:
        """The values of WWW-Authenticate and of Proxy-Authenticate in the final answer, a field line each."""
        if plain is not None:
            return challenge_values(plain)
        response = self.response()
        if response is None:
            return (), ()
        headers = response.headers
        return headers.get_all("WWW-Authenticate"), headers.get_all("Proxy-Authenticate")

    def response(self) -> Response | None:
        """Read the final answer in full."""
        if self.data is None:
            return None
        message = parse(self.data)
        return message if isinstance(message, Response) else None

    def result(self) -> ExchangeResult:
        """What the request came to, in the form the diagnosis reads."""
        local = self.question.local
        response = self.response()
        if response is None or self.address is None:
            read = ExchangeResult(
                method=self.question.draft.method, failure=self.failure, local_address=str(local)
            )
        else:
            source, remote = host_port(self.address), self.question.source
            read = read_result(response, source=source, remote=remote, local=local, trace=self.trace)
        state = self.authentication or AuthenticationRound(challenged=self.status in CHALLENGE_STATUS)
        return replace(
            with_round(read, state),
            rtt_seconds=self.rtt_seconds,
            retransmissions=self.retransmissions,
            too_large=self.too_large,
        )
