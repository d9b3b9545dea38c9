"""What a health check does to a trunk's state (docs/design/architecture.md, "State rules"): pure functions."""

from dataclasses import dataclass, replace

from sipcheck.diagnosis.evidence import is_sign_of_life
from sipcheck.reasons import Outcome, Reason
from sipcheck.report.model import EdgeReport, Report
from trunks.rules.trunk_state import HealthStatus, Policy, TrunkState, after_failed_check

# The carrier spoke SIP, though its last answer may have been the silence after a challenge.
_LIVING_REASONS = frozenset(
    {
        Reason.CREDENTIALS_REJECTED,
        Reason.REGISTRATION_FORBIDDEN,
        Reason.ACCOUNT_NOT_FOUND,
        Reason.SIP_FORBIDDEN,
        Reason.SIP_BAD_REQUEST,
        Reason.REALM_MISMATCH,
        Reason.AUTH_ALGORITHM_UNSUPPORTED,
        Reason.AUTH_CHALLENGE_MALFORMED,
        Reason.AUTH_STALE_LOOP,
        Reason.AUTH_SCHEME_UNSUPPORTED,
    }
)

# They say nothing of the destination: the resolver's fault, or ours.
_SAYS_NOTHING = frozenset(
    {
        Reason.DNS_SERVFAIL,
        Reason.DNS_TIMEOUT,
        Reason.CREDENTIALS_FROZEN,
        Reason.DEADLINE_EXCEEDED,
        Reason.OVERLOADED,
        Reason.CANCELLED,
        Reason.SECRET_UNREADABLE,
        Reason.ADDRESS_RESTING,
        Reason.TARGET_INVALID,
    }
)


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What a cycle says of a trunk's gateways: answered, some of them only, or failed `failures` times in a row."""

    alive: bool
    some_dead: bool = False
    failures: int = 1


def liveness_of(report: Report) -> bool | None:
    """Say whether a verification found its destination alive; None when it says nothing of that."""
    if report.outcome in (Outcome.VERIFIED, Outcome.REACHABLE) or report.reason in _LIVING_REASONS:
        return True
    if any(is_sign_of_life(edge.sip_status) for edge in report.edges):
        return True
    return None if report.reason in _SAYS_NOTHING else False


def is_living_edge(edge: EdgeReport) -> bool:
    return edge.outcome in (Outcome.VERIFIED, Outcome.REACHABLE) or is_sign_of_life(edge.sip_status)


def says_nothing(reason: Reason) -> bool:
    """Whether a failed check is about us or our resolver, and so counts towards nothing."""
    return reason in _SAYS_NOTHING


def after_check(
    state: TrunkState, outcome: CheckOutcome, policy: Policy, *, credentials_rejected: bool = False
) -> TrunkState:
    """Apply a health check to a trunk whose health has begun."""
    if not outcome.alive:
        if state.health_down and state.health_status is HealthStatus.UNHEALTHY:
            return replace(state, answered_checks=0)
        return after_failed_check(state, policy, failures=outcome.failures)
    well = HealthStatus.DEGRADED if outcome.some_dead else HealthStatus.HEALTHY
    answered = replace(state, failed_checks=0)
    if not state.health_down:
        if credentials_rejected:
            return replace(answered, answered_checks=0)
        if state.health_status in (HealthStatus.HEALTHY, HealthStatus.DEGRADED):
            return replace(answered, health_status=well, answered_checks=0)
    if state.answered_checks + 1 < policy.recovery_threshold:
        return replace(answered, answered_checks=state.answered_checks + 1)
    return replace(
        answered,
        health_down=False,
        health_status=HealthStatus.UNHEALTHY if credentials_rejected else well,
        answered_checks=0,
    )
