"""Which message answers a transaction, and what it means when none does (RFC 3261 §17.1.3)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sipcheck.errors import NotSip, ParseError
from sipcheck.failure import Failure
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.message.protocols import opens_as_sip, recognise
from sipcheck.reasons import Cause, Reason
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort, TransportName
from sipcheck.transaction.time_plan import TimePlan


@dataclass(frozen=True, slots=True)
class TransactionId:
    """What identifies the one request that a response must answer (RFC 3261 §17.1.3)."""

    method: str
    branch: str
    cseq: int
    call_id: str
    from_tag: str

    def differences(self, response: Response) -> tuple[str, ...]:
        """Name what a response repeats otherwise than we said it; nothing for an answer of ours.

        Tokens are the same in other letters (§7.3.1), a Call-ID and a method are not (§20.8, §20.16). A Via without
        any branch does not say another.
        """
        branch, tag = response.vias[0].branch, response.from_tag
        found = {
            "branch": branch is not None and branch.lower() != self.branch.lower(),
            "Call-ID": response.call_id != self.call_id,
            "CSeq": (response.cseq.number, response.cseq.method) != (self.cseq, self.method),
            "From tag": tag is None or tag.lower() != self.from_tag.lower(),
        }
        return tuple(name for name, differs in found.items() if differs)

    def answered_before(self, response: Response, differences: tuple[str, ...]) -> bool:
        """Whether it is one more answer to a request before this one, of the same exchange."""
        earlier = response.cseq.method == self.method and response.cseq.number < self.cseq
        return earlier and differences == ("branch", "CSeq")


@dataclass(slots=True)
class ResponseMatcher:
    """Reads what comes for one transaction to our address `local`, and records it in the trace where there is one.

    `provisional` is the last 1xx. `repeats` counts what came once more to a request before this one.
    `unusable` says what came instead of an answer.
    """

    identity: TransactionId
    edge: str
    local: HostPort
    trace: Trace | None
    provisional: int | None = None
    repeats: int = 0
    unusable: Failure | None = None
    _protocol: str | None = None
    _others: Counter[str] = field(default_factory=Counter)
    _requests: Counter[str] = field(default_factory=Counter)

    @property
    def facts(self) -> Mapping[str, str]:
        """What else came than an answer of ours: the protocol that spoke, and answers that were not to our request."""
        found = {}
        if self._protocol is not None:
            found["protocol"] = self._protocol
        if self._others:
            found["other-answers"] = self._name_others()
        return found

    def read(self, data: bytes, source: HostPort) -> Response | None:
        """Return the response that answers our request, or note why this is none."""
        try:
            message = parse(data)
        except ParseError as error:
            self.note_unusable(data, source, error)
            return None
        if isinstance(message, Request):
            self._received(data, source)
            ours = message.headers.get("Call-ID") == self.identity.call_id
            sent = "our own request, sent back" if ours else f"a request of its own, {message.method}"
            self._requests[sent] += 1
            self._note(f"the peer sent {sent}, which is ignored")
            return None
        differences = self.identity.differences(message)
        self._received(data, source)
        if len(message.vias) > 1 and "branch" not in differences:
            detail = f"the answer carries {len(message.vias)} Via headers, where ours alone belongs (RFC 3261 §8.1.3.3)"
            self._note(detail)
            self.unusable = Failure(Reason.SIP_MALFORMED_RESPONSE, detail)
            return None
        if not differences:
            return message
        if self.identity.answered_before(message, differences):
            self.repeats += message.status >= 200
            self._note(f"one more answer to the request before, {message.status}: it changes nothing")
            return None
        other = f"another {' and '.join(differences)}"
        self._others[other] += 1
        self._note(f"a {message.status} with {other} is no answer to our request: it is ignored")
        return None

    def cut_short(self, held: bytes, source: HostPort) -> None:
        """Take in what of an answer had come when we stopped waiting: that is no silence."""
        if not held or self.unusable is not None:
            return
        if not opens_as_sip(held):
            self.note_unusable(held, source, NotSip())
            return
        detail = f"the answer was cut short: {len(held)} bytes came, and its end did not"
        self._received(held, source)
        self.unusable = Failure(Reason.SIP_MALFORMED_RESPONSE, detail)

    def silence(self, waited_seconds: float, plan: TimePlan) -> Failure:
        """Say what the lack of a final answer comes to."""
        if self.unusable is not None:
            return self.unusable
        if self._others:
            heard = f"a {self.provisional} to it, and " if self.provisional is not None else ""
            detail = f"{heard}{self._name_others()}"
            return Failure(Reason.NO_RESPONSE, detail, Cause.ANSWERS_NOT_OURS)
        if self.provisional is not None:
            detail = f"only {self.provisional}, and no final answer"
            return Failure(Reason.NO_RESPONSE, detail, Cause.PROVISIONAL_ONLY)
        if self._requests:
            return Failure(Reason.NO_RESPONSE, _counted(self._requests), Cause.REQUESTS_ONLY)
        if waited_seconds < plan.fair_chance_seconds:
            detail = f"our deadline left only {waited_seconds:.1f} s for an answer"
            return Failure(Reason.DEADLINE_EXCEEDED, detail)
        return Failure(Reason.NO_RESPONSE, f"no answer in {waited_seconds:.1f} s", Cause.SILENCE)

    def why_failed(self, failure: Failure) -> Failure:
        """Put what came before a failure of the transport above the failure itself."""
        if self.provisional is not None and failure.reason is Reason.CONNECTION_RESET:
            failure = replace(failure, detail=f"{failure.detail}, behind a {self.provisional}")
        failure = self.unusable or failure
        self._note(f"{self.identity.method}: {failure.detail}")
        return failure

    def _name_others(self) -> str:
        named = (
            f"{count} answer{'' if count == 1 else 's'} with {other}" for other, count in self._others.items()
        )
        return ", ".join(named)

    def note_unusable(self, data: bytes, source: HostPort, error: ParseError) -> None:
        """Take in what is no message, or bytes of a connection out of which none can be cut."""
        if isinstance(error, NotSip) or not opens_as_sip(data):
            self._note_other_protocol(data)
            return
        self._received(data, source)
        self._note(f"not usable: {error}")
        self.unusable = Failure(Reason.SIP_MALFORMED_RESPONSE, str(error))

    def _note_other_protocol(self, data: bytes) -> None:
        """Keep the name of a protocol; its bytes are nobody's business (docs/design/sip.md, hazard 3)."""
        self._protocol = protocol = recognise(data) or self._protocol
        detail, cause = f"{len(data)} bytes that are not SIP", None
        if protocol == "tls" and self.edge.endswith(f"/{TransportName.TCP}"):
            # Inside of TLS, or over UDP, it is not what we only asked for in the wrong way.
            detail, cause = "TLS is spoken there", Cause.TLS_SPOKEN
        elif protocol is not None:
            detail, cause = f"it looks like {protocol}", Cause.OTHER_PROTOCOL
        self.unusable = self.unusable or Failure(Reason.SIP_NOT_SPOKEN, detail, cause)
        self._note(f"not SIP: {detail}")

    def _note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.event(self.edge, text)

    def _received(self, data: bytes, source: HostPort) -> None:
        if self.trace is not None:
            self.trace.received(self.edge, data, source, self.local)


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{what} ({count} times)" if count > 1 else what for what, count in found.items())
