"""Token buckets and slots by address, on both engines (docs/design/architecture.md, "Good manners")."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from tests.trunks.forms import Store
from trunks.errors import StoreBusy
from trunks.ids import new_id
from trunks.runs.address_limits import LONGEST_WAIT, AddressLimits, Admission, PaceLimits, Spending, Wish

ADDRESS, OTHER = "192.0.2.1", "2001:db8::1"


class Gate:
    """Asks for one address, with the store's own clock."""

    def __init__(self, store: Store, limits: PaceLimits) -> None:
        self.store = store
        self.pacing = AddressLimits(store.installation.database, limits, clock=store.clock)

    def ask(
        self, requests: int = 1, *, on_demand: bool = True, patience: float = 0.0, address: str = ADDRESS
    ) -> Admission:
        until = self.store.clock.now + timedelta(seconds=20)
        wish = Wish(
            claim_id=new_id(),
            requests={address: requests},
            lease_until=until,
            on_demand=on_demand,
            patience_seconds=patience,
        )
        return admit(self.pacing, wish)


def admit(pacing: AddressLimits, wish: Wish) -> Admission:
    """Ask for one, again while another keeps its bucket."""
    while True:
        try:
            (admission,) = pacing.admit([wish])
        except StoreBusy:
            continue
        return admission


def wish_of(claim_id: UUID, requests: dict[str, int], until: datetime) -> Wish:
    return Wish(claim_id=claim_id, requests=requests, lease_until=until, on_demand=True, patience_seconds=0)


@pytest.fixture
def gate(store: Store) -> Gate:
    return Gate(store, PaceLimits(rate=4, burst=8, concurrency=0))


def test_a_burst_then_the_rate(store: Store, gate: Gate) -> None:
    assert all(gate.ask(4) == Admission(True) for _ in range(2))
    assert gate.ask(1) == Admission(False, 0.25)
    store.clock.advance(0.25)
    assert gate.ask(1) == Admission(True)
    store.clock.advance(3600)
    assert all(gate.ask(4) == Admission(True) for _ in range(2))
    assert not gate.ask(1).granted


def test_each_address_has_its_own(gate: Gate) -> None:
    assert gate.ask(8).granted
    assert gate.ask(8, address=OTHER).granted
    assert not gate.ask(1).granted


def test_on_demand_runs_take_tokens_to_come_and_scheduled_ones_find_none(store: Store, gate: Gate) -> None:
    assert gate.ask(8).granted
    assert gate.ask(2, patience=4) == Admission(True, 0.5)
    assert gate.ask(2, patience=4) == Admission(True, 1.0)  # behind the other: its tokens come later
    store.clock.advance(0.75)
    assert not gate.ask(1, on_demand=False, patience=4).granted
    store.clock.advance(0.5)
    assert gate.ask(1, on_demand=False, patience=4).granted


def test_more_patience_than_there_is_takes_nothing(gate: Gate) -> None:
    assert gate.ask(8).granted
    assert gate.ask(8, patience=1) == Admission(False, 2.0)
    assert gate.ask(4, patience=1) == Admission(True, 1.0)


def test_a_run_larger_than_the_burst_goes_all_the_same(store: Store) -> None:
    gate = Gate(store, PaceLimits(rate=1, burst=1, concurrency=0))
    assert gate.ask(3, patience=4) == Admission(True, 2.0)


def test_what_was_not_sent_comes_back_and_retransmissions_are_debited(store: Store, gate: Gate) -> None:
    claim_id = new_id()
    until = store.clock.now + timedelta(seconds=20)
    asked = {ADDRESS: 3}
    admit(gate.pacing, wish_of(claim_id, asked, until))
    gate.pacing.settle([Spending(claim_id, asked, {ADDRESS: 1})])
    assert gate.ask(7).granted
    gate.pacing.settle([Spending(claim_id, asked, {ADDRESS: 7})])
    assert gate.ask(1) == Admission(False, 1.25)  # four beyond what was granted


def test_slots_end_with_their_run_or_with_its_lease(store: Store) -> None:
    gate = Gate(store, PaceLimits(rate=0, burst=8, concurrency=2))
    first = new_id()
    until = store.clock.now + timedelta(seconds=20)
    asked = {ADDRESS: 1, OTHER: 1}
    assert admit(gate.pacing, wish_of(first, asked, until)).granted
    assert gate.ask().granted
    assert gate.ask() == Admission(False, 0.25)
    assert gate.ask(address=OTHER).granted
    gate.pacing.settle([Spending(first, asked, None)])
    assert gate.ask().granted
    assert not gate.ask().granted
    store.clock.advance(21)  # the workers are gone
    assert gate.ask().granted


def test_the_last_slot_is_kept_for_on_demand_runs(store: Store) -> None:
    gate = Gate(store, PaceLimits(rate=0, burst=8, concurrency=2))
    assert gate.ask(on_demand=False).granted
    assert not gate.ask(on_demand=False).granted
    assert gate.ask().granted


def test_a_clock_that_is_behind_turns_nothing_back(store: Store, gate: Gate) -> None:
    assert gate.ask(8).granted
    store.clock.advance(-3600)
    assert not gate.ask(1).granted
    store.clock.advance(3600.25)
    assert gate.ask(1).granted
    assert not gate.ask(1).granted


def test_racing_workers_share_one_bucket(store: Store, gate: Gate) -> None:
    with ThreadPoolExecutor(8) as threads:
        granted = list(threads.map(lambda _: gate.ask().granted, range(30)))
    assert granted.count(True) == 8


def test_workers_that_ask_for_the_same_addresses_in_another_order_do_not_block_each_other(
    store: Store,
) -> None:
    pacing = AddressLimits(store.installation.database, PaceLimits(rate=0, burst=8, concurrency=100))

    def ask(number: int) -> bool:
        addresses = (ADDRESS, OTHER) if number % 2 else (OTHER, ADDRESS)
        until = store.clock.now + timedelta(days=3650)
        return admit(pacing, wish_of(new_id(), dict.fromkeys(addresses, 1), until)).granted

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(40)))


def waits(pacing: AddressLimits, store: Store, count: int, *, on_demand: bool = False) -> list[float]:
    """Ask for so many at once, three requests each, and give the waits of those that are refused."""
    until = store.clock.now + timedelta(seconds=20)
    wishes = [
        replace(wish_of(new_id(), {ADDRESS: 3}, until), on_demand=on_demand, put_off=False)
        for _ in range(count)
    ]
    return [answer.wait_seconds for answer in pacing.admit(wishes) if not answer.granted]


def test_each_of_many_that_are_refused_comes_again_at_a_time_of_his_own(store: Store, gate: Gate) -> None:
    first, second = waits(gate.pacing, store, 102), waits(gate.pacing, store, 100)
    assert len(first) == 100  # a burst of 8 is enough for two
    both = [*first, *second]
    assert all(later - earlier >= 0.75 - 1e-6 for earlier, later in pairwise(both))
    assert both[-1] == pytest.approx(200 * 0.75, abs=3)


def test_nobody_on_demand_is_put_behind_those_who_are_not(store: Store, gate: Gate) -> None:
    waits(gate.pacing, store, 102)
    assert max(waits(gate.pacing, store, 1, on_demand=True)) < 1


def test_whose_time_had_come_looks_again_soon(store: Store, gate: Gate) -> None:
    waits(gate.pacing, store, 102)
    until = store.clock.now + timedelta(seconds=20)
    wish = replace(wish_of(new_id(), {ADDRESS: 3}, until), on_demand=False, put_off=True)
    assert gate.pacing.admit([wish])[0].wait_seconds < 1


def test_no_wait_is_longer_than_the_longest(store: Store, gate: Gate) -> None:
    assert max(waits(gate.pacing, store, 2000)) == LONGEST_WAIT.total_seconds()
