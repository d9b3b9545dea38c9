"""Which message answers a transaction, and what it means when none does (RFC 3261 §17.1.3)."""

from dataclasses import dataclass

from sipcheck.errors import NotSip, ParseError
from sipcheck.failure import Failure
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.reasons import Reason
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.transaction.time_plan import TimePlan

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
class TransactionId:
    """What identifies the one request that a response must answer (RFC 3261 §17.1.3)."""

    method: str
    branch: str
    cseq: int
    call_id: str
    from_tag: str


@dataclass(slots=True)
class ResponseMatcher:
    """Reads what comes for one transaction to our address `local`, and records it in the trace where there is one.

    `provisional` is the last 1xx. `unusable` says what came instead of an answer.
    """

    identity: TransactionId
    edge: str
    local: HostPort
    trace: Trace | None
    provisional: int | None = None
    unusable: Failure | None = None

    def read(self, data: bytes, source: HostPort) -> Response | None:
        """Return the response that answers our request, or note why this is none."""
        try:
            message = parse(data)
        except ParseError as error:
            self._note_unusable(data, source, error)
            return None
        if isinstance(message, Request):
            self._note(f"a {message.method} request from the peer, ignored")
            return None
        if len(message.vias) > 1:
            self._received(data, source)
            detail = f"the answer carries {len(message.vias)} Via headers, where ours alone belongs (RFC 3261 §8.1.3.3)"
            self._note(detail)
            self.unusable = Failure(Reason.SIP_MALFORMED_RESPONSE, detail)
            return None
        if not self._answers_us(message):
            self._note(f"a {message.status} that answers another request, ignored")
            return None
        self._received(data, source)
        return message

    def cut_short(self, unfinished_bytes: int) -> None:
        """Take in how much of an answer had come when we stopped waiting: that is no silence."""
        if unfinished_bytes and self.unusable is None:
            detail = f"the answer was cut short: {unfinished_bytes} bytes came, and its end did not"
            self.unusable = Failure(Reason.SIP_MALFORMED_RESPONSE, detail)

    def silence(self, waited_seconds: float, plan: TimePlan) -> Failure:
        """Say what the lack of a final answer comes to."""
        if self.unusable is not None:
            return self.unusable
        if self.provisional is not None:
            return Failure(Reason.NO_RESPONSE, f"only {self.provisional}, and no final answer")
        if waited_seconds < plan.fair_chance_seconds:
            detail = f"our deadline left only {waited_seconds:.1f} s for an answer"
            return Failure(Reason.DEADLINE_EXCEEDED, detail)
        return Failure(Reason.NO_RESPONSE, f"no answer in {waited_seconds:.1f} s")

    def why_failed(self, failure: Failure) -> Failure:
        """Put what came before a failure of the transport above the failure itself."""
        if self.unusable is not None and failure.reason is not self.unusable.reason:
            failure = self.unusable
        self._note(f"{self.identity.method}: {failure.detail}")
        return failure

    def _answers_us(self, response: Response) -> bool:
        ours, cseq = self.identity, response.cseq
        return (
            cseq.method == ours.method
            and cseq.number == ours.cseq
            and response.call_id == ours.call_id
            and response.from_tag == ours.from_tag
        )

    def _note_unusable(self, data: bytes, source: HostPort, error: ParseError) -> None:
        if isinstance(error, NotSip):
            protocol = next((name for start, name in _PROTOCOL_GREETINGS if data.startswith(start)), None)
            detail = f"it looks like {protocol}" if protocol else f"{len(data)} bytes that are not SIP"
            self.unusable = self.unusable or Failure(Reason.SIP_NOT_SPOKEN, detail)
            self._note(f"not SIP: {detail}")
            return
        self._received(data, source)
        self._note(f"not usable: {error}")
        self.unusable = Failure(Reason.SIP_MALFORMED_RESPONSE, str(error))

    def _note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.event(self.edge, text)

    def _received(self, data: bytes, source: HostPort) -> None:
        if self.trace is not None:
            self.trace.received(self.edge, data, source, self.local)
