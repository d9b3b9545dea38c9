"""docs/design/sip.md, "The time plan of one verification"."""

import pytest

from sipcheck.transaction.time_plan import TimePlan


def test_the_shares_of_the_default_deadline() -> None:
    plan = TimePlan()
    assert (plan.dns_seconds, plan.connect_seconds, plan.patience_seconds, plan.settle_seconds) == (
        3,
        4,
        2,
        2,
    )


@pytest.mark.parametrize("timeout", [0.5, 5.0, 60.0])
def test_another_deadline_keeps_the_proportion(timeout: float) -> None:
    plan = TimePlan(timeout)
    assert plan.dns_seconds == pytest.approx(timeout * 0.3)
    assert plan.connect_seconds == pytest.approx(max(2.0, timeout * 0.4))
    assert plan.patience_seconds == pytest.approx(timeout * 0.2)


@pytest.mark.parametrize("timeout", [0.3, 0.5, 1.0, 10.0, 60.0])
def test_silence_for_a_fair_chance_is_the_peers(timeout: float) -> None:
    """Of a verification that is never less than a second; a check's own time is its measure, however short."""
    plan, check = TimePlan(timeout), TimePlan(timeout, is_measure=True)
    assert (plan.fair_chance_seconds, plan.connect_chance_seconds) == pytest.approx(
        (max(0.9, timeout * 0.1), max(1.5, timeout * 0.15))
    )
    assert (check.fair_chance_seconds, check.connect_chance_seconds) == pytest.approx(
        (timeout * 0.1, timeout * 0.15)
    )
