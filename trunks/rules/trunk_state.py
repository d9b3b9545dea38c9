"""The rules of a trunk's state (docs/design/architecture.md, "State rules"): pure functions, one a row."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sipcheck.reasons import Outcome, Reason
from trunks.errors import TrunkNotVerified


class HealthStatus(StrEnum):
    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Cause(StrEnum):
    """What made a state change."""

    VERIFICATION = "verification"
    HEALTH = "health"
    PROOF = "proof"
    EDIT = "edit"
    CUSTOMER = "customer"
    PROVISIONING = "provisioning"


# Failures that no retry repairs: the configuration is wrong, or the certificate is.
DEFINITE_REASONS = frozenset(
    {
        Reason.CREDENTIALS_REJECTED,
        Reason.REGISTRATION_FORBIDDEN,
        Reason.ACCOUNT_NOT_FOUND,
        Reason.SIP_FORBIDDEN,
        Reason.REALM_MISMATCH,
        Reason.ADDRESS_FORBIDDEN,
        Reason.PORT_FORBIDDEN,
        Reason.TARGET_INVALID,
        Reason.TLS_UNTRUSTED,
        Reason.TLS_SELF_SIGNED,
        Reason.TLS_EXPIRED,
        Reason.TLS_NOT_YET_VALID,
        Reason.TLS_NAME_MISMATCH,
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator sets about the rules."""

    failure_threshold: int = 3
    require_proven_credentials: bool = False
    recovery_threshold: int = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification came to; `some_dead` says that edges or gateways beside the living one did not answer,
    `unproven` that the trunk has credentials, and that it did not prove them, wanted or not.
    """

    outcome: Outcome
    reason: Reason
    some_dead: bool = False
    unproven: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkState:
    """`wanted` is the customer's switch; `was_verified` says that this generation has been verified once.

    `failed_checks` and `answered_checks` are in a row; answers are counted while the trunk is unhealthy.
    """

    wanted: bool
    is_verified: bool = False
    health_down: bool = False
    health_status: HealthStatus = HealthStatus.UNKNOWN
    was_verified: bool = False
    failed_checks: int = 0
    answered_checks: int = 0

    @property
    def is_active(self) -> bool:
        """Wanted, verified and not down; stored in the same statement as those, never alone."""
        return self.wanted and self.is_verified and not self.health_down


def created(*, wanted: bool) -> TrunkState:
    """Begin: nothing is known yet."""
    return TrunkState(wanted=wanted)


def counts_as_verified(verdict: Verdict, policy: Policy) -> bool:
    """Whether a verdict makes a trunk verified."""
    if policy.require_proven_credentials and verdict.unproven:
        return False
    if verdict.outcome is Outcome.VERIFIED:
        return True
    alive = verdict.outcome is Outcome.REACHABLE and verdict.reason is Reason.ALIVE_CREDENTIALS_UNPROVEN
    return alive and not policy.require_proven_credentials


def after_verification(state: TrunkState, verdict: Verdict, policy: Policy) -> TrunkState:
    """Apply the result of a verification of the current generation."""
    if counts_as_verified(verdict, policy):
        return replace(
            state,
            is_verified=True,
            health_down=False,
            health_status=HealthStatus.DEGRADED if verdict.some_dead else HealthStatus.HEALTHY,
            was_verified=True,
            failed_checks=0,
            answered_checks=0,
        )
    match verdict.outcome:
        case Outcome.REACHABLE if verdict.reason is Reason.CALL_FORBIDDEN:
            # A call that was refused says nothing of the password for certain: what was known of it stands.
            return replace(state, health_status=HealthStatus.HEALTHY, failed_checks=0)
        case Outcome.REACHABLE | Outcome.VERIFIED:
            return replace(state, is_verified=False, health_status=HealthStatus.HEALTHY, failed_checks=0)
        case Outcome.INCONCLUSIVE:
            return state
        case Outcome.FAILED if verdict.reason not in DEFINITE_REASONS and state.was_verified:
            return after_failed_check(state, policy)
        case Outcome.FAILED:
            return replace(state, is_verified=False, health_status=HealthStatus.UNHEALTHY)


def after_failed_check(state: TrunkState, policy: Policy, *, failures: int = 1) -> TrunkState:
    """Count; at the threshold the trunk is down, and what the customer had proven stays proven."""
    counted = replace(state, failed_checks=state.failed_checks + failures, answered_checks=0)
    if counted.failed_checks < policy.failure_threshold:
        return counted
    return replace(counted, health_down=True, health_status=HealthStatus.UNHEALTHY)


def after_edit(state: TrunkState, *, connectivity: bool) -> TrunkState:
    """Apply an edit: one of host, port, transport, proxy, realm, username or password makes all known void."""
    return created(wanted=state.wanted) if connectivity else state


def after_switch(state: TrunkState, *, wanted: bool) -> TrunkState:
    """Apply the customer's switch. Raises TrunkNotVerified for switching on what is not verified."""
    if wanted and not state.is_verified:
        raise TrunkNotVerified
    return replace(state, wanted=wanted)


_SHOWN = ("wanted", "is_verified", "health_down", "health_status")


def changes(old: TrunkState, new: TrunkState) -> dict[str, Any]:
    """List what a customer sees of a change, as {field: [old, new]}; empty where he sees none."""
    shown = {field: [getattr(old, field), getattr(new, field)] for field in _SHOWN}
    found = {field: both for field, both in shown.items() if both[0] != both[1]}
    if old.is_active != new.is_active:
        found["is_active"] = [old.is_active, new.is_active]
    return found
