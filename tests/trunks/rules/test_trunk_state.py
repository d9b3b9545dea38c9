"""The table of docs/design/architecture.md, "State rules", row by row."""

from dataclasses import replace

import pytest

from sipcheck.reasons import Outcome, Reason
from trunks.errors import TrunkNotVerified
from trunks.rules.trunk_state import (
    DEFINITE_REASONS,
    HealthStatus,
    Policy,
    TrunkState,
    Verdict,
    after_edit,
    after_switch,
    after_verification,
    changes,
    counts_as_verified,
    created,
)

POLICY = Policy(failure_threshold=3)
STRICT = Policy(require_proven_credentials=True)

FRESH = TrunkState(wanted=True)
VERIFIED = TrunkState(
    wanted=True, is_verified=True, health_status=HealthStatus.HEALTHY, was_verified=True, failed_checks=0
)
DOWN = replace(VERIFIED, health_down=True, health_status=HealthStatus.UNHEALTHY, failed_checks=3)
REJECTED = replace(VERIFIED, is_verified=False, health_status=HealthStatus.UNHEALTHY)

PROVEN = Verdict(Outcome.VERIFIED, Reason.CREDENTIALS_PROVEN)
ALIVE = Verdict(Outcome.VERIFIED, Reason.ALIVE)
UNPROVEN = Verdict(Outcome.REACHABLE, Reason.ALIVE_CREDENTIALS_UNPROVEN)
MISSING = Verdict(Outcome.REACHABLE, Reason.CREDENTIALS_MISSING)
SILENT = Verdict(Outcome.FAILED, Reason.NO_RESPONSE)
BUSY = Verdict(Outcome.INCONCLUSIVE, Reason.SIP_SERVICE_UNAVAILABLE)
FROZEN = Verdict(Outcome.INCONCLUSIVE, Reason.CREDENTIALS_FROZEN)


@pytest.mark.parametrize("proven", [False, True])
def test_a_refused_call_leaves_what_is_known_of_the_password(proven: bool) -> None:
    state = created(wanted=True)
    if proven:
        state = after_verification(state, PROVEN, Policy())
    refused = after_verification(state, Verdict(Outcome.REACHABLE, Reason.CALL_FORBIDDEN), Policy())
    assert (refused.is_verified, refused.health_down) == (proven, False)
    assert refused.health_status is HealthStatus.HEALTHY


def test_created_knows_nothing() -> None:
    state = created(wanted=True)
    assert (state.is_verified, state.health_down, state.health_status) == (False, False, HealthStatus.UNKNOWN)
    assert not state.is_active


@pytest.mark.parametrize("verdict", [PROVEN, ALIVE, UNPROVEN])
@pytest.mark.parametrize("state", [FRESH, VERIFIED, DOWN, REJECTED])
def test_a_verified_trunk_is_up_whatever_it_was(state: TrunkState, verdict: Verdict) -> None:
    after = after_verification(state, verdict, POLICY)
    assert (after.is_verified, after.health_down, after.health_status) == (True, False, HealthStatus.HEALTHY)
    assert after.is_active
    assert after.failed_checks == 0


def test_dead_edges_among_living_ones_degrade() -> None:
    after = after_verification(FRESH, replace(PROVEN, some_dead=True), POLICY)
    assert (after.is_verified, after.health_status) == (True, HealthStatus.DEGRADED)


def test_policy_may_require_proof() -> None:
    assert counts_as_verified(UNPROVEN, POLICY)
    assert not counts_as_verified(UNPROVEN, STRICT)
    unasked = replace(ALIVE, unproven=True)
    assert counts_as_verified(unasked, POLICY)
    assert not counts_as_verified(unasked, STRICT)
    assert counts_as_verified(ALIVE, STRICT)
    after = after_verification(VERIFIED, UNPROVEN, STRICT)
    assert (after.is_verified, after.health_status) == (False, HealthStatus.HEALTHY)
    assert after_verification(FRESH, PROVEN, STRICT).is_verified


@pytest.mark.parametrize("state", [FRESH, VERIFIED, DOWN, REJECTED])
def test_reachable_for_another_reason_unverifies_and_leaves_down_alone(state: TrunkState) -> None:
    after = after_verification(state, MISSING, POLICY)
    assert (after.is_verified, after.health_status) == (False, HealthStatus.HEALTHY)
    assert after.health_down is state.health_down


@pytest.mark.parametrize("reason", sorted(DEFINITE_REASONS))
@pytest.mark.parametrize("state", [FRESH, VERIFIED, DOWN])
def test_a_definite_failure_unverifies_at_once(state: TrunkState, reason: Reason) -> None:
    after = after_verification(state, Verdict(Outcome.FAILED, reason), POLICY)
    assert (after.is_verified, after.health_status) == (False, HealthStatus.UNHEALTHY)
    assert after.health_down is state.health_down


def test_the_definite_reasons_are_those_of_the_table() -> None:
    named = {
        "credentials-rejected",
        "registration-forbidden",
        "account-not-found",
        "sip-forbidden",
        "realm-mismatch",
        "address-forbidden",
        "port-forbidden",
        "target-invalid",
    }
    certificate = {
        "tls-untrusted",
        "tls-self-signed",
        "tls-expired",
        "tls-not-yet-valid",
        "tls-name-mismatch",
    }
    assert named | certificate == DEFINITE_REASONS


def test_another_failure_of_a_verified_trunk_counts_until_the_threshold() -> None:
    once = after_verification(VERIFIED, SILENT, POLICY)
    assert once == replace(VERIFIED, failed_checks=1)
    twice = after_verification(once, SILENT, POLICY)
    assert twice == replace(VERIFIED, failed_checks=2)
    thrice = after_verification(twice, SILENT, POLICY)
    assert (thrice.is_verified, thrice.health_down) == (True, True)
    assert thrice.health_status is HealthStatus.UNHEALTHY
    assert not thrice.is_active


def test_another_failure_of_a_trunk_never_verified_is_told_at_once() -> None:
    after = after_verification(FRESH, SILENT, POLICY)
    assert (after.is_verified, after.health_down, after.health_status) == (
        False,
        False,
        HealthStatus.UNHEALTHY,
    )


def test_another_failure_after_a_rejection_leaves_the_rejection_standing() -> None:
    after = after_verification(REJECTED, SILENT, POLICY)
    assert (after.is_verified, after.health_status) == (False, HealthStatus.UNHEALTHY)


@pytest.mark.parametrize("verdict", [BUSY, FROZEN])
@pytest.mark.parametrize("state", [FRESH, VERIFIED, DOWN, REJECTED])
def test_inconclusive_changes_nothing(state: TrunkState, verdict: Verdict) -> None:
    assert after_verification(state, verdict, POLICY) == state


@pytest.mark.parametrize("state", [VERIFIED, DOWN, REJECTED])
def test_a_connectivity_edit_makes_all_known_void_but_the_switch(state: TrunkState) -> None:
    assert after_edit(state, connectivity=True) == TrunkState(wanted=True)


@pytest.mark.parametrize("state", [FRESH, VERIFIED, DOWN, REJECTED])
def test_another_edit_changes_nothing(state: TrunkState) -> None:
    assert after_edit(state, connectivity=False) == state


@pytest.mark.parametrize("state", [FRESH, REJECTED])
def test_switching_on_unverified_is_refused(state: TrunkState) -> None:
    with pytest.raises(TrunkNotVerified):
        after_switch(replace(state, wanted=False), wanted=True)


def test_switching_on_while_down_waits_for_recovery() -> None:
    after = after_switch(replace(DOWN, wanted=False), wanted=True)
    assert (after.wanted, after.is_active) == (True, False)
    assert after_verification(after, PROVEN, POLICY).is_active


def test_switched_off_stays_off_when_health_recovers() -> None:
    off = after_switch(DOWN, wanted=False)
    after = after_verification(off, PROVEN, POLICY)
    assert (after.wanted, after.health_status, after.is_active) == (False, HealthStatus.HEALTHY, False)


def test_the_switch_outlives_edits_and_rejections() -> None:
    edited = after_edit(VERIFIED, connectivity=True)
    assert not edited.is_active
    assert after_verification(edited, PROVEN, POLICY).is_active


def test_changes_are_listed_with_old_and_new() -> None:
    assert changes(FRESH, after_verification(FRESH, PROVEN, POLICY)) == {
        "is_verified": [False, True],
        "health_status": ["unknown", "healthy"],
        "is_active": [False, True],
    }
    assert changes(VERIFIED, replace(VERIFIED, failed_checks=2)) == {}
