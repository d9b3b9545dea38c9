"""What is written column by column is what would be written row by row."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import inspect

from sipcheck.reasons import Reason
from tests.trunks.forms import Store
from tests.trunks.health_watch import HealthWatch
from trunks.health import check_results
from trunks.health.alive_as_before import is_as_before
from trunks.health.check import CheckClaim, CheckResult, EdgeResult
from trunks.models.destination_health import DestinationHealth
from trunks.rules.destination_facts import DestinationFacts, SeenEdge

# Each destination's own.
OWN = frozenset({"id", "destination_id", "domain", "next_check_at", "first_failure"})

ONE, TWO = EdgeResult("192.0.2.1:5060/udp", True, 12.5), EdgeResult("192.0.2.2:5060/udp", True, 9.0)
SEEN = DestinationFacts((SeenEdge("carrier.example", ONE.edge),))

QUICK = {"sip_status": 200, "latency_ms": 12.5, "address": "192.0.2.1"}
ALIKE: tuple[dict[str, Any], ...] = (
    QUICK | {"edge_addresses": ("192.0.2.1",), "edges": (ONE,)},
    QUICK | {"edge_addresses": ("192.0.2.2", "192.0.2.1"), "edges": (TWO, ONE)},
    QUICK | {"edge_addresses": ("192.0.2.1",), "edges": (ONE,), "some_dead": True},
)
FIRST = ALIKE[0] | {"facts": {"Server": "one"}, "seen": SEEN}
# One thing is otherwise in each.
OTHERWISE: tuple[dict[str, Any], ...] = (
    {"sip_status": 404},
    {"facts": {"Server": "one"}},
    {"seen": SEEN},
    {"edges": (ONE, EdgeResult("192.0.2.2:5060/udp", False, None))},
    {"alive": False, "reason": Reason.NO_RESPONSE},
    {"edge_addresses": ()},
    {"address": None},
)

OTHER_CLAIMS: tuple[dict[str, Any], ...] = (
    {"counts": False},
    {"answer_status": 404},
    {"edge_fell_at": datetime(2026, 11, 30, tzinfo=UTC)},
    {"edge_held_failures": 1},
)


def row_of(watch: HealthWatch, claim: CheckClaim) -> dict[str, Any]:
    row = watch.health(claim.destination_id)
    names = {each.key for each in inspect(DestinationHealth).column_attrs} - OWN
    return {name: getattr(row, name) for name in names}


def settled(watch: HealthWatch, claim: CheckClaim, told: dict[str, Any]) -> None:
    values: dict[str, Any] = {"alive": True, "reason": Reason.ALIVE} | told
    result = CheckResult(claim=claim, **values)
    watch.store.installation.health.results.settle([result])


def test_both_ways_write_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = HealthWatch(store)
    for domain in ("a.example", "b.example"):
        watch.verified(domain=domain)
    for claim in watch.cycle(alive=True, **FIRST):
        assert not is_as_before(CheckResult(claim=claim, alive=True, reason=Reason.ALIVE, **ALIKE[0]))
    for told in ALIKE:
        store.clock.advance(67)
        one, other = watch.claim()
        assert is_as_before(CheckResult(claim=one, alive=True, reason=Reason.ALIVE, **told))
        settled(watch, one, told)
        with monkeypatch.context() as patched:
            patched.setattr(check_results, "is_as_before", lambda _: False)
            settled(watch, other, told)
        assert row_of(watch, one) == row_of(watch, other) | {"cycle": one.cycle}


def test_what_is_otherwise_is_written_row_by_row(store: Store) -> None:
    watch = HealthWatch(store)
    watch.verified()
    watch.cycle(alive=True, **FIRST)
    store.clock.advance(67)
    (claim,) = watch.claim()
    alike: dict[str, Any] = {"alive": True, "reason": Reason.ALIVE} | ALIKE[0]
    assert is_as_before(CheckResult(claim=claim, **alike))
    for otherwise in OTHERWISE:
        assert not is_as_before(CheckResult(claim=claim, **(alike | otherwise))), otherwise
    for of_claim in OTHER_CLAIMS:
        assert not is_as_before(CheckResult(claim=replace(claim, **of_claim), **alike)), of_claim
