"""Which message answers a transaction, and what it means when none does (RFC 3261 §17.1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sipcheck.errors import NotSip, ParseError
from sipcheck.failure import Failure
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse
from sipcheck.message.protocols import looks_like, opens_as_sip, recognise
from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import phrase
from sipcheck.reasons import Cause, Reason
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort, TransportName
from sipcheck.transaction.time_plan import TimePlan

# Of requests by further methods than these nothing is kept: a peer may invent a new one each time.
_MOST_METHODS = 8


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
        found = []
        if branch is not None and branch.lower() != self.branch.lower():
            found.append("branch")
        if response.call_id != self.call_id:
            found.append("Call-ID")
        if response.cseq.number != self.cseq or response.cseq.method != self.method:
            found.append("CSeq")
        if tag is None or tag.lower() != self.from_tag.lower():
            found.append("From tag")
        return tuple(found)

    def answered_before(self, response: Response, differences: tuple[str, ...]) -> bool:
        """Whether it is one more answer to a request before this one, of the same exchange."""
        earlier = response.cseq.method == self.method and response.cseq.number < self.cseq
        return earlier and differences == ("branch", "CSeq")


@dataclass(slots=True)
class ResponseMatcher:
    """Reads what comes for one transaction to our address `local`, and records it in the trace where there is one.

    `provisional` is the last 1xx. `repeats` counts what came once more to a request before this one, `keep_alives` line
    ends that came alone; `late_seconds` is how late we ourselves were to listen. `unusable` says what came in place of
    an answer.
    """

    identity: TransactionId
    edge: str
    local: HostPort
    trace: Trace | None
    provisional: int | None = None
    repeats: int = 0
    keep_alives: int = 0
    late_seconds: float = 0.0
    unusable: Failure | None = None
    _protocol: str | None = None
    _others: dict[tuple[str, ...], int] = field(default_factory=dict)
    _requests: dict[str, int] = field(default_factory=dict)

    @property
    def facts(self) -> Mapping[str, str]:
        """What else came than an answer of ours: the protocol that spoke, and answers that were not to our request."""
        found = {}
        if self._protocol is not None:
            found["protocol"] = self._protocol
        if self._others:
            found["other-answers"] = phrase(self._name_others())
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
            identity = self.identity
            ours = (message.headers.get("Call-ID"), message.method) == (identity.call_id, identity.method)
            method = "" if ours else message.method
            if method in self._requests or len(self._requests) < _MOST_METHODS:
                self._requests[method] = self._requests.get(method, 0) + 1
            sent = phrase(_request(method))
            self._note(f"the peer sent {sent}, which is ignored")
            return None
        differences = self.identity.differences(message)
        self._received(data, source)
        if len(message.vias) > 1 and "branch" not in differences:
            count = len(message.vias)
            self.unusable = Failure.of(Reason.SIP_MALFORMED_RESPONSE, "message.several-vias", count=count)
            self._note(self.unusable.detail)
            return None
        if not differences:
            return message
        if self.identity.answered_before(message, differences):
            self.repeats += message.status >= 200
            self._note(f"one more answer to the request before, {message.status}: it changes nothing")
            return None
        self._others[differences] = self._others.get(differences, 0) + 1
        other = " and ".join(differences)
        self._note(f"a {message.status} with another {other} is no answer to our request: it is ignored")
        return None

    def note_unfinished(self, begun: bytes, pieces: int, quiet_seconds: float, source: HostPort) -> None:
        """Take in what of an answer had come when we stopped waiting, the last so long before: that is no silence."""
        if self.unusable is not None:
            return
        if not opens_as_sip(begun):
            self.note_unusable(begun, source, NotSip())
            return
        self._received(begun, source)
        said = Sentence.of(
            "message.unfinished.one" if pieces == 1 else "message.unfinished.several",
            count=len(begun),
            pieces=pieces,
            seconds=f"{quiet_seconds:.1f}",
        )
        self.unusable = Failure(Reason.SIP_MALFORMED_RESPONSE, said, Cause.UNFINISHED)

    def silence(self, waited_seconds: float, plan: TimePlan, *, proving: bool = False) -> Failure:
        """Say what the lack of a final answer comes to, to a request with credentials where it is `proving`."""
        if self.unusable is not None:
            return self.unusable
        if self._others:
            heard = self._name_others()
            if self.provisional is not None:
                key = "message.other-answers.behind-provisional"
                heard = Sentence.of(key, status=self.provisional, others=heard)
            return Failure(Reason.NO_RESPONSE, heard, Cause.ANSWERS_NOT_OURS)
        if self.provisional is not None:
            said = Sentence.of("message.provisional-only", status=self.provisional)
            return Failure(Reason.NO_RESPONSE, said, Cause.PROVISIONAL_ONLY)
        if self._requests:
            return Failure(Reason.NO_RESPONSE, _counted(self._requests), Cause.REQUESTS_ONLY)
        if self.late_seconds:
            late = f"{self.late_seconds:.1f}"
            return Failure.of(Reason.DEADLINE_EXCEEDED, "ours.late", Cause.OWN_STALL, seconds=late)
        seconds = f"{waited_seconds:.1f}"
        if waited_seconds < (plan.proof_chance_seconds if proving else plan.fair_chance_seconds):
            return Failure.of(Reason.DEADLINE_EXCEEDED, "message.deadline", seconds=seconds)
        if self.keep_alives:
            key, cause = "message.keep-alives-only", Cause.KEEP_ALIVES_ONLY
            return Failure.of(Reason.NO_RESPONSE, key, cause, count=self.keep_alives, seconds=seconds)
        return Failure.of(Reason.NO_RESPONSE, "message.no-answer", Cause.SILENCE, seconds=seconds)

    def why_failed(self, failure: Failure) -> Failure:
        """Put what came before a failure of the transport above the failure itself."""
        if self.provisional is not None and failure.reason is Reason.CONNECTION_RESET:
            key, status = "connection.behind-provisional", self.provisional
            failure = replace(failure, sentence=Sentence.of(key, failure=failure.sentence, status=status))
        failure = self.unusable or failure
        self._note(f"{self.identity.method}: {failure.detail}")
        return failure

    def _name_others(self) -> Sentence:
        named = [
            Sentence.of(
                f"message.other-answers.{'one' if count == 1 else 'several'}",
                count=count,
                parts=listed(differences, Joint.AND),
            )
            for differences, count in self._others.items()
        ]
        return listed(named, Joint.COMMA)

    def note_unusable(self, data: bytes, source: HostPort, error: ParseError) -> None:
        """Take in what is no message, or bytes of a connection out of which none can be cut."""
        if isinstance(error, NotSip) or not opens_as_sip(data):
            self._note_other_protocol(data)
            return
        self._received(data, source)
        self._note(f"not usable: {error}")
        self.unusable = Failure(Reason.SIP_MALFORMED_RESPONSE, error.sentence)

    def _note_other_protocol(self, data: bytes) -> None:
        """Keep the name of a protocol; its bytes are nobody's business (docs/design/sip.md, hazard 3)."""
        self._protocol = protocol = recognise(data) or self._protocol
        said, cause = Sentence.of("message.bytes-not-sip", count=len(data)), None
        if protocol == "tls" and self.edge.endswith(f"/{TransportName.TCP}"):
            # Inside of TLS, or over UDP, it is not what we only asked for in the wrong way.
            said, cause = Sentence("message.tls-spoken"), Cause.TLS_SPOKEN
        elif protocol is not None:
            said, cause = looks_like(protocol), Cause.OTHER_PROTOCOL
        self.unusable = self.unusable or Failure(Reason.SIP_NOT_SPOKEN, said, cause)
        self._note(f"not SIP: {phrase(said)}")

    def _note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.event(self.edge, text)

    def _received(self, data: bytes, source: HostPort) -> None:
        if self.trace is not None:
            self.trace.received(self.edge, data, source, self.local)


def _request(method: str) -> Sentence:
    return Sentence.of("message.request", method=method) if method else Sentence("message.own-request")


def _counted(requests: Mapping[str, int]) -> Sentence:
    """Name requests by their methods; ours, sent back, have none."""
    named = [
        Sentence.of("message.times", what=_request(method), count=count) if count > 1 else _request(method)
        for method, count in requests.items()
    ]
    return listed(named, Joint.COMMA)
