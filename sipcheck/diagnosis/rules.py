"""From evidence to a verdict: an ordered rule table, first match wins (docs/design/sip.md, "Reasons")."""

from collections.abc import Callable, Sequence

from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult, Proof
from sipcheck.reasons import CREDENTIALS_REFUSED, CredentialState, Reason

_OUTAGES = {408: Reason.SIP_REQUEST_TIMEOUT, 503: Reason.SIP_SERVICE_UNAVAILABLE}

# Our request was not understood (RFC 3261 §21.4): these say nothing about the trunk.
_NOT_UNDERSTOOD = frozenset({400, 413, 414, 415, 416, 420, 421})

# The vaguer of the two first.
_SILENCE = (Reason.DEADLINE_EXCEEDED, Reason.NO_RESPONSE)

# Behind a password that was sent, an end of the way, or what is no SIP where SIP was spoken, is no more than silence:
# nothing says how the password was taken.
_UNANSWERED = frozenset(
    {
        Reason.NO_RESPONSE,
        Reason.CONNECTION_RESET,
        Reason.CONNECTION_REFUSED,
        Reason.CONNECTION_TIMEOUT,
        Reason.HOST_UNREACHABLE,
        Reason.SIP_NOT_SPOKEN,
    }
)

# Said to a call behind its password: nothing of it, and nothing of the password.
_CALL_NOT_UNDERSTOOD = frozenset({400, 420, 421, 482, 483, 494})

_FAILOVER_STATUS = 503  # RFC 3263 §4.3; transport failures and silence have no status

_SETTLED_PROOFS = frozenset(
    {
        Reason.CREDENTIALS_PROVEN,
        Reason.CREDENTIALS_REJECTED,
        Reason.REGISTRATION_FORBIDDEN,
        Reason.ACCOUNT_NOT_FOUND,
        Reason.CALL_FORBIDDEN,
    }
)


def _temporary(exchange: ExchangeResult | None) -> Reason | None:
    """Which outage an answer is that is no sign of life."""
    if exchange is None or exchange.status is None or exchange.alive:
        return None
    return _OUTAGES.get(exchange.status, Reason.SIP_SERVER_ERROR)


def _after_credentials(evidence: EdgeEvidence) -> Reason | None:
    """What an answered challenge came to."""
    proof = evidence.proof_exchange
    if proof is None:
        return None
    if proof.accepted:
        return Reason.CREDENTIALS_PROVEN
    if proof.stale_loop:
        return Reason.AUTH_STALE_LOOP
    if proof.rejected:
        return Reason.CREDENTIALS_REJECTED
    if proof.withheld is not None:
        return proof.withheld
    if proof.status == 403:
        return Reason.CALL_FORBIDDEN if proof.method == "INVITE" else Reason.REGISTRATION_FORBIDDEN
    if proof.method == "INVITE" and proof.status in _CALL_NOT_UNDERSTOOD and proof.cause is None:
        return Reason.SIP_BAD_REQUEST
    if proof.status == 404 and proof.method == "REGISTER":
        return Reason.ACCOUNT_NOT_FOUND
    if proof.status is not None and 300 <= proof.status < 400:
        return Reason.SIP_REDIRECTED
    if proof.failure is not None:
        return Reason.SIP_REQUEST_TIMEOUT if proof.failure.reason in _UNANSWERED else proof.failure.reason
    return _temporary(proof) or Reason.ALIVE_CREDENTIALS_UNPROVEN


def _withheld(evidence: EdgeEvidence) -> Reason | None:
    """Why a challenge was left unanswered."""
    return next((exchange.withheld for exchange in evidence.exchanges if exchange.withheld), None)


def _source_not_allowed(evidence: EdgeEvidence) -> Reason | None:
    options, register = evidence.options, evidence.register
    if options is None or options.status != 403 or options.challenged or evidence.invite is not None:
        return None
    refused = register is None or (register.refused and not register.challenged)
    return Reason.SIP_FORBIDDEN if refused else None


def _cut_by_us(evidence: EdgeEvidence) -> Reason | None:
    """A proof that our own deadline cut off says nothing of the carrier, however alive it is."""
    asked = (evidence.register, evidence.answered_options, evidence.invite)
    attempts = [attempt for attempt in asked if attempt is not None]
    cut = [
        each
        for each in attempts
        if each.failure is not None and each.failure.reason is Reason.DEADLINE_EXCEEDED
    ]
    return Reason.DEADLINE_EXCEEDED if cut and len(cut) == len(attempts) and evidence.alive else None


def _unproven_by_register(evidence: EdgeEvidence) -> Reason | None:
    """What REGISTER said when no credentials left: silence is no answer and leaves it to OPTIONS."""
    register = evidence.register
    if register is None or register.status is None:
        return None
    if 300 <= register.status < 400:
        return Reason.SIP_REDIRECTED
    return _temporary(register) or Reason.ALIVE_CREDENTIALS_UNPROVEN


def _unproven_by_invite(evidence: EdgeEvidence) -> Reason | None:
    """What INVITE said when no credentials left: whoever puts calls through unasked has proven nothing."""
    invite = evidence.invite
    if invite is None or invite.status is None:
        return None
    if invite.status == 403 and not invite.challenged:
        return Reason.CALL_FORBIDDEN
    return _temporary(invite) or Reason.ALIVE_CREDENTIALS_UNPROVEN


def _by_options(evidence: EdgeEvidence) -> Reason | None:
    options = evidence.options
    if options is None or options.status is None:
        return None
    if temporary := _temporary(options):
        return temporary
    if options.status in _NOT_UNDERSTOOD:
        return Reason.SIP_BAD_REQUEST
    if evidence.proof_wanted:
        return Reason.ALIVE_CREDENTIALS_UNPROVEN
    if options.status in (401, 407) and evidence.proof is not Proof.NONE:
        return Reason.CREDENTIALS_MISSING
    return Reason.ALIVE


def _no_answer(evidence: EdgeEvidence) -> Reason | None:
    """Nothing final came: what did come says more than silence, and silence more than a clock that ran out."""
    reasons = [exchange.failure.reason for exchange in evidence.exchanges if exchange.failure is not None]
    for vague in _SILENCE:
        reasons = [reason for reason in reasons if reason is not vague] or reasons
    return reasons[0] if reasons else None


def _unconnected(evidence: EdgeEvidence) -> Reason | None:
    return evidence.connect_failure.reason if evidence.connect_failure is not None else None


RULES: tuple[Callable[[EdgeEvidence], Reason | None], ...] = (
    _after_credentials,
    _withheld,
    _source_not_allowed,
    _cut_by_us,
    _unproven_by_register,
    _unproven_by_invite,
    _by_options,
    _no_answer,
    _unconnected,
)


def diagnose(evidence: EdgeEvidence) -> Reason:
    """Name the one reason of what was seen of an edge; an edge nothing was tried on met our own deadline."""
    for rule in RULES:
        reason = rule(evidence)
        if reason is not None:
            return reason
    return Reason.DEADLINE_EXCEEDED


def deciding_edge(edges: Sequence[EdgeEvidence]) -> int:
    """Choose the edge whose reason is the verdict: an index into `edges`, which stand in RFC 3263 order.

    The first living one; or a later one where the proof was settled after an earlier edge answered it with 503
    or not at all (never after another refusal). A rejection there counts too: it is what the carrier said of the
    credentials, and they must not be sent again. With none alive, the first.
    """
    tried = [index for index, evidence in enumerate(edges) if evidence.tried]
    # An edge that no proof was tried at says nothing of the credentials that another one was given.
    candidates = tried if any(edges[index].alive for index in tried) else range(len(edges))
    living = next((index for index in candidates if edges[index].alive), None)
    for index, evidence in enumerate(edges):
        if _after_credentials(evidence) in _SETTLED_PROOFS:
            if living is None or index <= living or fails_over(edges[living]):
                return index
            break
    if living is not None:
        return living
    return next((index for index in tried if edges[index].proof_exchange is not None), 0)


def fails_over(evidence: EdgeEvidence) -> bool:
    """Whether the next edge may still settle the proof: after 503, a transport failure or silence (RFC 3263 §4.3).

    Not once credentials have left or were withheld: what must not be sent twice is sent to no other edge.
    """
    asked = (evidence.register, evidence.answered_options, evidence.invite)
    attempts = [each for each in asked if each is not None]
    if not attempts:
        return evidence.connect_failure is not None
    return all(
        not each.credentials_sent and each.withheld is None and each.status in (None, _FAILOVER_STATUS)
        for each in attempts
    )


def credential_state(reason: Reason, edges: Sequence[EdgeEvidence]) -> CredentialState:
    """Say what is known of the credentials, whichever edge they were tried at.

    Source: docs/design/command-line.md, `credentials`.
    """
    if not any(evidence.proof_wanted for evidence in edges):
        return CredentialState.NOT_TESTED
    if reason is Reason.CREDENTIALS_PROVEN:
        return CredentialState.PROVEN
    if reason in CREDENTIALS_REFUSED:
        return CredentialState.REJECTED
    attempts = [attempt for evidence in edges for attempt in evidence.attempts]
    sent = any(attempt.credentials_sent for attempt in attempts)
    if not attempts or (not sent and any(attempt.withheld for attempt in attempts)):
        return CredentialState.NOT_TESTED
    return CredentialState.UNPROVEN
