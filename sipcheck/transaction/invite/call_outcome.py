"""What an INVITE has come to, for the diagnosis: its deciding answer, or what there was in its place."""

from dataclasses import dataclass, field

from sipcheck.auth.round import CHALLENGE_STATUS, AuthenticationRound
from sipcheck.auth.server_proof import SentCredentials
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.failure import Failure
from sipcheck.message.message import Response
from sipcheck.reasons import Reason
from sipcheck.target import HostPort
from sipcheck.transaction.invite.leg import InviteLeg, Way
from sipcheck.transaction.matching import ResponseMatcher
from sipcheck.transaction.result import read_result, with_round
from sipcheck.transaction.run_context import RunContext


@dataclass(slots=True)
class CallOutcome:
    """Of one call, whose requests leave by `way` unless they are too large for it.

    `rung` is the first response by which the INVITE that counts rang, the last that was sent; `taken` says that this
    one was, by a 2xx.
    """

    way: Way
    run: RunContext
    state: AuthenticationRound = field(default_factory=lambda: AuthenticationRound(once=True))
    legs: list[InviteLeg] = field(default_factory=list)
    matcher: ResponseMatcher | None = None
    rung: ExchangeResult | None = None
    final: ExchangeResult | None = None
    failure: Failure | None = None
    taken: bool = False

    @property
    def answered_realms(self) -> frozenset[str]:
        """The realms that an INVITE of this call has been answered for: no other request of it answers any else."""
        return self.state.answered if self.state.sent else frozenset()

    def begin(self, leg: InviteLeg) -> None:
        """Take in that another INVITE is on its way: what came to the one before it decides nothing any more."""
        self.legs.append(leg)
        self.rung = self.final = None
        self.matcher = ResponseMatcher(leg.identity, leg.way.edge, leg.way.channel.local, self.run.trace)

    def read(
        self,
        response: Response,
        leg: InviteLeg,
        source: HostPort,
        now: float,
        credentials: Credentials | None,
    ) -> ExchangeResult:
        """Read a response to an INVITE; kept is the first that rings, and the final one."""
        sent = SentCredentials(leg.fields, credentials.password) if leg.fields and credentials else None
        result = read_result(
            response,
            source=source,
            remote=leg.way.channel.remote,
            local=leg.way.channel.local,
            trace=self.run.trace,
            sent=sent,
            rtt_seconds=now - leg.started_at,
            provisional=None if self.matcher is None else self.matcher.provisional,
            further_facts={} if self.matcher is None else self.matcher.facts,
        )
        if response.status < 200:
            self.rung = self.rung or result
        else:
            self.final = self.final or result
        return result

    def result(self, keep_alives: int, now: float, cseq: int) -> ExchangeResult:
        """What it has come to so far."""
        answer = self._answer() or self._without_answer(keep_alives, now)
        large = bool(self.legs) and self.legs[-1].way.transport is not self.way.transport
        return with_round(
            answer,
            self.state,
            retransmissions=sum(leg.machine.retransmissions for leg in self.legs),
            by_tcp=large,
            cseq=cseq,
            call_answered=self.taken,
        )

    def _answer(self) -> ExchangeResult | None:
        """Ringing says more than the end that we made of it; a call that was taken, or a refused password, most."""
        final = self.final
        if self.rung is None or final is None or final.status is None:
            return self.rung or final
        return final if final.status < 300 or final.status in CHALLENGE_STATUS else self.rung

    def _without_answer(self, keep_alives: int, now: float) -> ExchangeResult:
        leg, matcher = self.legs[-1] if self.legs else None, self.matcher
        if leg is None or matcher is None:
            failure = self.failure or Failure.of(Reason.DEADLINE_EXCEEDED, "message.deadline", seconds="0.0")
            return ExchangeResult(method="INVITE", failure=failure, local_address=str(self.way.channel.local))
        channel = leg.way.channel
        matcher.keep_alives = keep_alives
        begun = channel.unfinished
        if begun is not None:
            matcher.note_unfinished(begun.data, begun.pieces, now - begun.last_at, channel.remote)
        failure = self.failure or matcher.silence(
            now - leg.started_at, self.run.plan, proving=bool(leg.fields)
        )
        return ExchangeResult(
            method="INVITE",
            failure=matcher.why_failed(failure),
            local_address=str(channel.local),
            facts=matcher.facts,
        )
