"""SRV order (RFC 2782)."""

from collections import Counter
from random import Random

import pytest

from sipcheck.dns.srv import SrvRecord, order_srv


def record(priority: int, weight: int, target: str) -> SrvRecord:
    return SrvRecord(priority, weight, 5060, target)


def test_a_lower_priority_number_always_comes_first() -> None:
    """RFC 2782, "Priority"."""
    records = [record(30, 65535, "c"), record(10, 0, "a"), record(20, 100, "b")]
    for seed in range(50):
        assert [each.target for each in order_srv(records, Random(seed))] == ["a", "b", "c"]


def test_weights_share_out_the_first_place() -> None:
    """RFC 2782, "Weight": larger weights are given a proportionately higher probability."""
    records = [record(10, 60, "a"), record(10, 30, "b"), record(10, 10, "c")]
    random = Random(2782)
    first = Counter(order_srv(records, random)[0].target for _ in range(5000))
    assert first["a"] / 5000 == pytest.approx(0.6, abs=0.03)
    assert first["b"] / 5000 == pytest.approx(0.3, abs=0.03)
    assert first["c"] / 5000 == pytest.approx(0.1, abs=0.03)


def test_weight_zero_is_seldom_first_but_never_left_out() -> None:
    """RFC 2782: weight 0 has a very small chance of being selected beside weights greater than 0."""
    records = [record(10, 9, "a"), record(10, 0, "zero")]
    random = Random(1)
    orders = [[each.target for each in order_srv(records, random)] for _ in range(2000)]
    first = Counter(order[0] for order in orders)
    assert 0 < first["zero"] < first["a"]
    assert all(sorted(order) == ["a", "zero"] for order in orders)


def test_all_weights_zero_share_evenly() -> None:
    records = [record(10, 0, name) for name in "abcd"]
    random = Random(7)
    first = Counter(order_srv(records, random)[0].target for _ in range(4000))
    assert all(share / 4000 == pytest.approx(0.25, abs=0.03) for share in first.values())


def test_no_records_are_an_empty_order() -> None:
    assert order_srv([], Random(0)) == ()


def test_the_records_given_are_left_as_they_were() -> None:
    records = [record(10, 1, "b"), record(5, 1, "a")]
    order_srv(records, Random(0))
    assert [each.target for each in records] == ["b", "a"]
