"""The health rows of docs/design/architecture.md, "State rules", one by one."""

from dataclasses import replace

import pytest

from sipcheck.diagnosis.evidence import is_sign_of_life
from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import make_report, with_edge
from trunks.rules.health import CheckOutcome, after_check, liveness_of, says_nothing
from trunks.rules.trunk_state import HealthStatus, Policy, TrunkState

POLICY = Policy(failure_threshold=3, recovery_threshold=2)
UP = TrunkState(wanted=True, is_verified=True, health_status=HealthStatus.HEALTHY)
DEGRADED = replace(UP, health_status=HealthStatus.DEGRADED)
DOWN = replace(UP, health_down=True, health_status=HealthStatus.UNHEALTHY, failed_checks=3)
OFF = replace(UP, wanted=False)
REJECTED = replace(UP, is_verified=False, health_status=HealthStatus.UNHEALTHY)

ALIVE = CheckOutcome(alive=True)
SOME_DEAD = CheckOutcome(alive=True, some_dead=True)
FAILED = CheckOutcome(alive=False)


def run(state: TrunkState, *outcomes: CheckOutcome, rejected: bool = False) -> TrunkState:
    for outcome in outcomes:
        state = after_check(state, outcome, POLICY, credentials_rejected=rejected)
    return state


def test_two_failures_are_counted_and_the_third_takes_the_trunk_down() -> None:
    two = run(UP, FAILED, FAILED)
    assert (two.is_active, two.health_status, two.failed_checks) == (True, HealthStatus.HEALTHY, 2)
    three = run(two, FAILED)
    assert (three.is_active, three.health_down, three.is_verified) == (False, True, True)
    assert three.health_status is HealthStatus.UNHEALTHY


def test_an_answer_between_failures_begins_the_count_anew() -> None:
    assert run(UP, FAILED, FAILED, ALIVE) == UP
    assert run(UP, FAILED, FAILED, ALIVE, FAILED, FAILED).is_active


def test_two_answers_in_a_row_bring_it_back() -> None:
    one = run(DOWN, ALIVE)
    assert (one.is_active, one.health_status) == (False, HealthStatus.UNHEALTHY)
    assert run(one, ALIVE) == UP


def test_a_failure_between_answers_begins_the_count_anew() -> None:
    assert not run(DOWN, ALIVE, FAILED, ALIVE).is_active
    assert run(DOWN, ALIVE, FAILED, ALIVE, ALIVE).is_active


def test_failures_of_a_trunk_that_is_down_change_nothing() -> None:
    assert run(DOWN, FAILED, FAILED, FAILED) == DOWN


def test_what_the_customer_switched_off_stays_off() -> None:
    back = run(OFF, FAILED, FAILED, FAILED, ALIVE, ALIVE)
    assert (back.wanted, back.is_active, back.health_down) == (False, False, False)
    assert back.health_status is HealthStatus.HEALTHY


@pytest.mark.parametrize("outcomes", [(ALIVE, ALIVE), (SOME_DEAD, SOME_DEAD)])
def test_rejected_credentials_stay_unhealthy_when_the_destination_answers(
    outcomes: tuple[CheckOutcome, ...],
) -> None:
    assert run(REJECTED, *outcomes, rejected=True) == REJECTED
    down = replace(REJECTED, health_down=True)
    back = run(down, *outcomes, rejected=True)
    assert (back.health_down, back.health_status) == (False, HealthStatus.UNHEALTHY)


def test_an_unhealthy_trunk_that_is_not_down_needs_two_answers_as_well() -> None:
    assert run(REJECTED, ALIVE).health_status is HealthStatus.UNHEALTHY
    assert run(REJECTED, ALIVE, ALIVE).health_status is HealthStatus.HEALTHY


def test_dead_edges_degrade_and_living_ones_heal_at_once() -> None:
    assert run(UP, SOME_DEAD) == DEGRADED
    assert run(DEGRADED, ALIVE) == UP
    assert run(DOWN, SOME_DEAD, SOME_DEAD) == DEGRADED


def test_held_failures_count_when_they_are_let_go() -> None:
    assert run(UP, CheckOutcome(alive=False, failures=2)).failed_checks == 2
    assert run(UP, CheckOutcome(alive=False, failures=3)).health_down


def test_thresholds_of_one_flip_at_once() -> None:
    policy = Policy(failure_threshold=1, recovery_threshold=1)
    down = after_check(UP, FAILED, policy)
    assert down.health_down
    assert after_check(down, ALIVE, policy).is_active


@pytest.mark.parametrize(
    ("status", "living"),
    [
        (None, False),
        (200, True),
        (401, True),
        (403, True),
        (404, True),
        (408, False),
        (486, True),
        (500, False),
        (501, True),
        (503, False),
        (505, True),
        (603, True),
    ],
)
def test_any_final_answer_is_alive_but_408_and_outages(status: int | None, living: bool) -> None:
    assert is_sign_of_life(status) is living


@pytest.mark.parametrize(
    ("outcome", "reason", "alive"),
    [
        (Outcome.VERIFIED, Reason.CREDENTIALS_PROVEN, True),
        (Outcome.REACHABLE, Reason.CREDENTIALS_MISSING, True),
        (Outcome.FAILED, Reason.CREDENTIALS_REJECTED, True),
        (Outcome.FAILED, Reason.SIP_FORBIDDEN, True),
        (Outcome.FAILED, Reason.NO_RESPONSE, False),
        (Outcome.FAILED, Reason.TLS_EXPIRED, False),
        (Outcome.FAILED, Reason.DNS_NXDOMAIN, False),
        (Outcome.INCONCLUSIVE, Reason.SIP_SERVICE_UNAVAILABLE, False),
        (Outcome.INCONCLUSIVE, Reason.DNS_SERVFAIL, None),
        (Outcome.INCONCLUSIVE, Reason.CREDENTIALS_FROZEN, None),
        (Outcome.INCONCLUSIVE, Reason.CANCELLED, None),
    ],
)
def test_what_a_verification_says_of_liveness(outcome: Outcome, reason: Reason, alive: bool | None) -> None:
    assert liveness_of(make_report(outcome, reason, credentials=CredentialState.UNPROVEN)) is alive


def test_an_edge_that_answered_is_life_whatever_the_verdict() -> None:
    report = make_report(Outcome.INCONCLUSIVE, Reason.SIP_REQUEST_TIMEOUT)
    assert liveness_of(report) is False
    assert liveness_of(with_edge(report, 401)) is True


def test_faults_of_ours_and_of_the_resolver_count_towards_nothing() -> None:
    assert says_nothing(Reason.DNS_TIMEOUT)
    assert not says_nothing(Reason.DNS_NXDOMAIN)
    assert not says_nothing(Reason.HOST_UNREACHABLE)
