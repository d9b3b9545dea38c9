"""The sub-cause of a reason that has several, and the exchange that shows it (docs/design/sip.md, "Causes")."""

from collections.abc import Callable

from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult
from sipcheck.diagnosis.redirection import read_redirection
from sipcheck.reasons import Cause, Reason

# What came in an answer's stead, such as another protocol, is none of them.
_ENDS_OF_THE_WAY = frozenset(
    {
        Reason.CONNECTION_RESET,
        Reason.CONNECTION_REFUSED,
        Reason.CONNECTION_TIMEOUT,
        Reason.HOST_UNREACHABLE,
    }
)


def cause_of(reason: Reason, evidence: EdgeEvidence) -> Cause | None:
    """Name what lies behind an edge's reason; None where the reason says all."""
    by_rule = _RULES.get(reason)
    return by_rule(evidence) if by_rule is not None else _of_failure(reason, evidence)


def telling_exchange(reason: Reason, evidence: EdgeEvidence) -> ExchangeResult | None:
    """The exchange that the sentences of a reason speak of."""
    if evidence.proof_exchange is not None:
        return evidence.proof_exchange
    if reason is Reason.ALIVE_CREDENTIALS_UNPROVEN:
        return _unproven_exchange(evidence)
    if reason is Reason.SIP_FORBIDDEN:
        return evidence.options
    exchanges = (evidence.register, evidence.invite, evidence.options, evidence.answered_options)
    known = [each for each in exchanges if each is not None]
    failure = evidence.failure_of(reason)
    failed = [each for each in known if failure is not None and each.failure is failure]
    withheld = [each for each in known if each.withheld is reason]
    answered = [each for each in known if not each.silent]
    return next(iter(withheld or failed or answered or known), None)


def _unproven_exchange(evidence: EdgeEvidence) -> ExchangeResult | None:
    """A challenge that was not answered says most; else REGISTER, which was the proof, speaks."""
    exchanges = [
        each for each in (evidence.register, *evidence.attempts, evidence.options) if each is not None
    ]
    elsewhere = [each for each in exchanges if each.cause is Cause.CHALLENGE_FROM_ELSEWHERE]
    return next(iter(elsewhere or exchanges), None)


def _of_proof(evidence: EdgeEvidence) -> Cause | None:
    proof = evidence.proof_exchange
    if proof is not None and proof.method == "INVITE":
        return Cause.BY_INVITE
    return None if proof is None or proof.succeeded else Cause.ACCEPTED_THEN_REFUSED


def _of_unproven(evidence: EdgeEvidence) -> Cause | None:
    proof = evidence.proof_exchange
    if proof is not None:
        return proof.cause or Cause.ACCEPTED_THEN_REFUSED
    told = _unproven_exchange(evidence)
    if told is None or (evidence.register is None and evidence.connect_failure is not None):
        return Cause.CONNECTION_CUT
    if told.cause is not None:
        return told.cause
    if told.method == "INVITE":
        return Cause.INVITE_UNANSWERED if told.failure is not None else Cause.NEVER_CHALLENGED
    if told.failure is not None:
        return Cause.CONNECTION_CUT if told.failure.reason in _ENDS_OF_THE_WAY else Cause.REGISTER_UNANSWERED
    return Cause.REFUSED_UNCHALLENGED if told.refused else Cause.NEVER_CHALLENGED


def _of_call_forbidden(evidence: EdgeEvidence) -> Cause | None:
    return Cause.UNCHALLENGED if evidence.proof_exchange is None else None


def _of_no_answer_in_time(evidence: EdgeEvidence) -> Cause | None:
    """A 408 says itself what it is; behind a password, no answer at all has two faces."""
    proof = evidence.proof_exchange
    if proof is None or proof.failure is None:
        return None
    cut = proof.failure.reason is Reason.CONNECTION_RESET
    return Cause.CONNECTION_CUT if cut else Cause.CREDENTIALS_UNANSWERED


def _of_redirection(evidence: EdgeEvidence) -> Cause | None:
    return read_redirection(telling_exchange(Reason.SIP_REDIRECTED, evidence), evidence.asked).cause


def _of_withheld(evidence: EdgeEvidence) -> Cause | None:
    return next((each.cause for each in evidence.exchanges if each.withheld is not None), None)


def _of_failure(reason: Reason, evidence: EdgeEvidence) -> Cause | None:
    """The cause that was known where the failure was seen."""
    failure = evidence.failure_of(reason)
    return None if failure is None else failure.cause


_RULES: dict[Reason, Callable[[EdgeEvidence], Cause | None]] = {
    Reason.CREDENTIALS_PROVEN: _of_proof,
    Reason.ALIVE_CREDENTIALS_UNPROVEN: _of_unproven,
    Reason.CALL_FORBIDDEN: _of_call_forbidden,
    Reason.SIP_REQUEST_TIMEOUT: _of_no_answer_in_time,
    Reason.SIP_REDIRECTED: _of_redirection,
    Reason.REALM_MISMATCH: _of_withheld,
    Reason.AUTH_ALGORITHM_UNSUPPORTED: _of_withheld,
}
