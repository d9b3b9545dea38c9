"""One request on its way: what has been sent and received for it, and in the end what it came to."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from sipcheck.auth.round import CHALLENGE_STATUS, AuthenticationRound
from sipcheck.auth.server_proof import SentCredentials
from sipcheck.diagnosis.evidence import Copies, ExchangeResult
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
from sipcheck.transaction.udp_batch.plain_response import PlainResponse, challenge_values, read_plain
from sipcheck.transaction.udp_batch.prepared_request import PreparedRequest
from sipcheck.transport.udp import host_port
from sipcheck.transport.udp_socket import SocketAddress

# Asked with the realm right before credentials leave; a Reason withholds them.
MayLeave = Callable[[str], Reason | None]
Ended = Callable[["PendingRequest"], None]


class Owner(Protocol):
    """The batch, as a pending request knows it: what comes for the request is decided there."""

    def settle(
        self,
        pending: "PendingRequest",
        status: int,
        data: bytes,
        address: SocketAddress,
        plain: PlainResponse | None,
    ) -> None: ...

    def read(self, pending: "PendingRequest", data: bytes, address: SocketAddress) -> None: ...

    def fail(self, pending: "PendingRequest", failure: Failure) -> None: ...


class PendingRequest:
    """Moments are on the event loop's clock, durations in seconds; at its end one of `status` and `failure` is set.

    Written for the many: no attribute is set before it is needed, and the response is read only when asked for.
    """

    # Defaults of the class: what is the same for nearly all is set for none.
    authentication: AuthenticationRound | None = None
    further_lines = b""
    retransmissions = 0
    status: int | None = None
    failure: Failure | None = None
    # What our own side raised at its end, for whoever reads the result.
    error: Exception | None = None
    rtt_seconds: float | None = None
    data: bytes | None = None
    address: SocketAddress | None = None
    too_large = False
    _matcher: ResponseMatcher | None = None

    branch: bytes
    started: float
    ends_at: float
    retransmit_at: float
    interval_seconds: float

    def __init__(
        self,
        owner: Owner,
        request: PreparedRequest,
        ended: Ended,
        plan: TimePlan,
        may_leave: MayLeave | None,
        trace: Trace | None,
        dialog: bytes,
        deadline: float,
    ) -> None:
        self.owner = owner
        self.request = request
        self.message = request.first
        self.ended = ended
        self.plan = plan
        self.may_leave = may_leave
        self.trace = trace
        self.dialog = dialog
        self.deadline = deadline

    @property
    def remote(self) -> HostPort:
        return self.request.remote

    @property
    def call_id(self) -> bytes:
        return self.dialog

    def settled_by(self, data: bytes, address: SocketAddress, via: re.Match[bytes]) -> bool:
        """Take a final response in plain form; leave everything else to be read in full."""
        plain = read_plain(data, via, self.message, self.dialog)
        if plain is None or plain[0] < 200:
            return False
        if self.trace is not None:
            request = self.request
            self.trace.received(str(request.edge), data, host_port(address), request.local)
        self.owner.settle(self, plain[0], data, address, plain)
        return True

    def received(self, data: bytes, address: SocketAddress) -> None:
        self.owner.read(self, data, address)

    def kept_alive(self) -> None:
        self.matcher.keep_alives += 1

    def failed(self, failure: Failure) -> None:
        self.owner.fail(self, failure)

    @property
    def matcher(self) -> ResponseMatcher:
        """What has come besides a final response in plain form."""
        if self._matcher is None:
            identity = TransactionId(
                method=self.request.template.method,
                branch=BRANCH_COOKIE + self.branch.decode(),
                cseq=self.message.cseq,
                call_id=self.dialog.decode(),
                from_tag=self.dialog.decode(),
            )
            self._matcher = ResponseMatcher(identity, str(self.request.edge), self.request.local, self.trace)
        return self._matcher

    @property
    def provisional(self) -> int | None:
        return None if self._matcher is None else self._matcher.provisional

    @property
    def other_source(self) -> HostPort | None:
        """Where the response came from when that is not where the request went."""
        if self.address is None or self.address[:2] == self.request.address:
            return None
        source = host_port(self.address)
        return source if source != self.request.remote else None

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
        self.message = self.request.message(self.message.cseq + 1)
        self.status = self.data = self.address = self.rtt_seconds = None
        self._matcher = None

    def challenge_values(self, plain: PlainResponse | None) -> tuple[Sequence[str], Sequence[str]]:
        """The values of WWW-Authenticate and of Proxy-Authenticate in the final response, a field line each."""
        if plain is not None:
            return challenge_values(plain)
        response = self.response()
        if response is None:
            return (), ()
        headers = response.headers
        return headers.get_all("WWW-Authenticate"), headers.get_all("Proxy-Authenticate")

    def _copies(self) -> Copies | None:
        """Where an answered request was sent more than once: what came more than one answer, so far."""
        if not self.retransmissions or self.data is None:
            return None
        return Copies(0 if self._matcher is None else self._matcher.repeats)

    def _sent(self) -> SentCredentials | None:
        """What the last request carried, cut out of its lines."""
        credentials = self.request.credentials
        if credentials is None or not self.further_lines:
            return None
        lines = self.further_lines.decode("utf-8", "surrogateescape").removesuffix("\r\n").split("\r\n")
        fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        return SentCredentials(fields, credentials.password)

    def response(self) -> Response | None:
        """Read the final response in full."""
        if self.data is None:
            return None
        message = parse(self.data)
        return message if isinstance(message, Response) else None

    @property
    def carries_credentials(self) -> bool:
        return self.authentication is not None and self.authentication.sent

    def result(self) -> ExchangeResult:
        """What the request came to, in the form the diagnosis reads. Raises what our own side did at its end."""
        if self.error is not None:
            raise self.error
        request, response = self.request, self.response()
        if response is None or self.address is None:
            read = ExchangeResult(
                method=request.template.method, failure=self.failure, local_address=str(request.local)
            )
        else:
            read = read_result(
                response,
                source=host_port(self.address),
                remote=request.remote,
                local=request.local,
                trace=self.trace,
                sent=self._sent(),
            )
        state = self.authentication or AuthenticationRound(challenged=self.status in CHALLENGE_STATUS)
        return replace(
            with_round(read, state),
            rtt_seconds=self.rtt_seconds,
            retransmissions=self.retransmissions,
            provisional=self.provisional,
            copies=self._copies(),
            too_large=self.too_large,
            facts=read.facts if self._matcher is None else {**read.facts, **self._matcher.facts},
        )
