"""What the probes saw, as values: the input of the diagnosis. No verdict is formed here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sipcheck.failure import Failure
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Reason
from sipcheck.target import HostPort, Target, TransportName


class Proof(StrEnum):
    """How credentials are to be proven (docs/design/command-line.md, `--proof`)."""

    AUTO = "auto"
    OPTIONS = "options"
    REGISTER = "register"
    INVITE = "invite"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the requests to an edge went: under which names, and how."""

    hosts: frozenset[str]
    port: int
    transport: TransportName

    def is_at(self, target: Target) -> bool:
        """Whether a target leads to where we asked already."""
        here = target.domain in self.hosts
        return here and target.port in (None, self.port) and target.transport in (None, self.transport)


_REFUSED_BEHIND_THE_PROOF = frozenset({423, 439})

# What is said of the call itself is said behind its caller's proof: it rings, is taken, leads elsewhere or nowhere, is
# declined. Not 403, which carriers give for a wrong password too.
RINGING = range(180, 190)
_OF_THE_CALL = frozenset({404, 410, 480, 484, 486, 488, 600, 603, 604, 606, 607, 608})


def is_sign_of_life(status: int | None) -> bool:
    """Any final response but 408 and 5xx; 501 and 505 are refusals, not outages (docs/design/sip.md, "Liveness")."""
    if status is None:
        return False
    return status != 408 and (status < 500 or status >= 600 or status in (501, 505))


@dataclass(slots=True)
class Copies:
    """How many further answers have come to a request that was sent more than once, so far in the run."""

    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeResult:
    """What one request came to, or a request with its authentication round.

    Exactly one of `status` (a final response was received) and `failure` (none was) is set; an INVITE's status is
    that of the provisional response by which it rang, where that says more than the end that we made of the call.
    `withheld` says why a challenge was not answered, `cause` more closely, `sentence` as it is said to a person;
    `rejected` and `stale_loop` qualify a challenge that followed an answer. `challenges` are the values of
    WWW-Authenticate and of Proxy-Authenticate, a field line each; `first_challenge` those of the first one that there
    were credentials for.
    `contacts` are the Contacts of a 3xx.
    `facts` are the headers of the final response that say why, by their canonical names, in the order found.
    `provisional` is the 1xx that came before the final response. `copies` is null for a request that was sent once.
    `by_tcp`: its last request was too large for a datagram and went by TCP to an edge of UDP (RFC 3261 §18.1.1).
    `too_large`: the answer to a challenge was, and the way it was asked by has no TCP beside it; it was not sent.
    `cseq` is the number of its last request, 0 where nobody can go on from there; `continued` says that it went on from
    another exchange's challenge, and had no request without credentials of its own.
    `call_answered`: the INVITE was taken by a 2xx, whatever its status here.
    `server_disproved`: the answer accepts the credentials, with an rspauth that does not fit the password.
    Times are in seconds.
    """

    method: str
    status: int | None = None
    phrase: str = ""
    failure: Failure | None = None
    sentence: Sentence | None = None
    challenged: bool = False
    credentials_sent: bool = False
    withheld: Reason | None = None
    cause: Cause | None = None
    rejected: bool = False
    stale_loop: bool = False
    challenges: tuple[Sequence[str], Sequence[str]] = ((), ())
    first_challenge: Sequence[str] = ()
    retry_after_seconds: int | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    rtt_seconds: float | None = None
    retransmissions: int = 0
    provisional: int | None = None
    copies: Copies | None = None
    server: str | None = None
    allow: str | None = None
    defects: tuple[str, ...] = ()
    other_source: HostPort | None = None
    local_address: str | None = None
    by_tcp: bool = False
    too_large: bool = False
    received_address: str | None = None
    server_disproved: bool = False
    contacts: tuple[str, ...] = ()
    cseq: int = 0
    continued: bool = False
    call_answered: bool = False

    @property
    def alive(self) -> bool:
        return is_sign_of_life(self.status)

    @property
    def refused(self) -> bool:
        """Any 4xx but 408, 6xx, 501 or 505: an answer that says no."""
        return self.alive and self.status is not None and self.status >= 400

    @property
    def each_answered(self) -> bool:
        """Whether every sending of a request that was sent again has had an answer: then none was lost."""
        return self.copies is not None and self.copies.count >= self.retransmissions > 0

    @property
    def accepted(self) -> bool:
        """Whether it proves the credentials that it carried: a success, or what is refused only behind the proof.

        RFC 3261 §10.3 authenticates a REGISTER (step 3) before it looks at Contact and at Expires; 439 is RFC 5626's
        word on the Contact.
        """
        if not self.credentials_sent or self.status is None:
            return False
        if self.method == "INVITE":
            of_the_call = 200 <= self.status < 400 or self.status in RINGING or self.status in _OF_THE_CALL
            return of_the_call or self.call_answered
        refused_later = self.method == "REGISTER" and self.status in _REFUSED_BEHIND_THE_PROOF
        return self.succeeded or refused_later

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def answer(self) -> str:
        """The final response as a person reads it, `403 Forbidden`; empty where there was none."""
        return "" if self.status is None else f"{self.status} {self.phrase}".rstrip()

    @property
    def explanation(self) -> Sentence | None:
        """Why there was no answer, or why its challenge was not answered; None for neither."""
        return self.failure.sentence if self.failure is not None else self.sentence

    @property
    def silent(self) -> bool:
        """Whether nothing that counts came back: no answer, or none that was SIP."""
        return self.status is None


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeEvidence:
    """What was seen of one edge.

    `answered_options` is the OPTIONS whose challenge was answered, sent only where REGISTER proved nothing; `invite`
    the call that rings nobody, made in REGISTER's stead.
    """

    options: ExchangeResult | None = None
    register: ExchangeResult | None = None
    answered_options: ExchangeResult | None = None
    invite: ExchangeResult | None = None
    credentials_given: bool = False
    proof: Proof = Proof.AUTO
    connect_failure: Failure | None = None
    asked: Asked | None = None

    @property
    def exchanges(self) -> tuple[ExchangeResult, ...]:
        options, register = self.options, self.register
        # Asked for thirty times a run, and nearly always one of these two.
        if self.answered_options is None and self.invite is None and options is not None:
            return (options,) if register is None else (options, register)
        every = (options, register, self.answered_options, self.invite)
        return tuple(each for each in every if each is not None)

    @property
    def attempts(self) -> tuple[ExchangeResult, ...]:
        """The exchanges by which the credentials were to be proven here."""
        attempts = [self.register, self.answered_options, self.invite]
        if self.proof is Proof.OPTIONS:
            attempts.append(self.options)
        return tuple(attempt for attempt in attempts if attempt is not None)

    @property
    def tried(self) -> bool:
        """Whether a proof was tried at this edge."""
        return any(each is not None for each in (self.register, self.answered_options, self.invite))

    @property
    def alive(self) -> bool:
        return any(exchange.alive for exchange in self.exchanges)

    def failure_of(self, reason: Reason) -> Failure | None:
        """The failure that speaks for a reason: the first whose cause says more than silence, else the first."""
        failures = [self.connect_failure, *(exchange.failure for exchange in self.exchanges)]
        of_reason = [each for each in failures if each is not None and each.reason is reason]
        telling = (each for each in of_reason if each.cause not in (None, Cause.SILENCE))
        return next(telling, next(iter(of_reason), None))

    @property
    def proof_wanted(self) -> bool:
        return self.credentials_given and self.proof is not Proof.NONE

    @property
    def proof_exchange(self) -> ExchangeResult | None:
        """The exchange in which credentials were sent, if there was one."""
        return next((exchange for exchange in self.exchanges if exchange.credentials_sent), None)
