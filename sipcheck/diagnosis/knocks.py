"""What a run may cost at a peer's guard, which bans those that it counts too often (docs/design/sip.md, hazard 1)."""

from collections.abc import Iterable

from sipcheck.diagnosis.evidence import EdgeEvidence, ExchangeResult
from sipcheck.reasons import Reason

_COUNTED = frozenset({401, 403, 407})
_SILENCE = frozenset({Reason.NO_RESPONSE, Reason.DEADLINE_EXCEEDED})


def count_knocks(reason: Reason, evidence: Iterable[EdgeEvidence]) -> int:
    """Count a run's requests that a guard may hold against us.

    One for each refused password, and one for each request without credentials that was challenged, forbidden or met
    with silence; these last are forgiven where the run proves an account that the peer knows.
    """
    exchanges = [exchange for edge in evidence for exchange in edge.exchanges]
    refused = sum(map(_refused_password, exchanges))
    if reason is Reason.CREDENTIALS_PROVEN:
        return refused
    return refused + sum(map(_stranger, exchanges))


def _refused_password(exchange: ExchangeResult) -> bool:
    return exchange.credentials_sent and (exchange.rejected or exchange.status == 403)


def _stranger(exchange: ExchangeResult) -> bool:
    """Whether the request without credentials, with which an exchange begins, may be counted."""
    if exchange.continued:
        return False
    if exchange.challenged or exchange.status in _COUNTED:
        return True
    return exchange.failure is not None and exchange.failure.reason in _SILENCE
