"""Token buckets and slots by address, on both engines (docs/design/architecture.md, "Good manners")."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from tests.trunks.forms import Store
from trunks.errors import StoreBusy
from trunks.ids import new_id
from trunks.rules.pace_shares import CHECKS, LONGEST_WAIT
from trunks.runs.address_limits import AddressLimits
from trunks.runs.edge_paces import PaceLimits
from trunks.runs.recovery import Return
from trunks.runs.wishes import Admission, Spending, Wish

ADDRESS, OTHER = "192.0.2.1", "2001:db8::1"
ACME, BETA = new_id(), new_id()


class Gate:
    """Asks for one address, with the store's own clock."""

    def __init__(self, store: Store, limits: PaceLimits) -> None:
        self.store = store
        self.pacing = AddressLimits(store.installation.database, limits, clock=store.clock)

    def ask(
        self,
        requests: int = 1,
        *,
        on_demand: bool = True,
        patience: float = 0.0,
        address: str = ADDRESS,
        of: UUID = ACME,
        put_off: bool = False,
    ) -> Admission:
        until = self.store.clock.now + timedelta(seconds=20)
        wish = Wish(
            claim_id=new_id(),
            requests={address: requests},
            lease_until=until,
            on_demand=on_demand,
            patience_seconds=patience,
            environment_id=of,
            put_off=put_off,
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
    return Wish(
        claim_id=claim_id,
        requests=requests,
        lease_until=until,
        on_demand=True,
        patience_seconds=0,
        environment_id=ACME,
    )


@pytest.fixture
def gate(store: Store) -> Gate:
    return Gate(store, PaceLimits(rate=4, burst=8, concurrency=0))


def test_a_burst_then_the_rate(store: Store, gate: Gate) -> None:
    assert all(gate.ask(4) == Admission(True) for _ in range(2))
    assert gate.ask(1) == Admission(False, 0.25, ADDRESS)
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
    assert gate.ask(8, patience=1) == Admission(False, 2.0, ADDRESS)
    assert gate.ask(4, patience=1) == Admission(True, 1.0)


def test_a_run_larger_than_the_burst_goes_all_the_same(store: Store) -> None:
    gate = Gate(store, PaceLimits(rate=1, burst=1, concurrency=0))
    assert gate.ask(3, on_demand=False) == Admission(True)
    assert gate.ask(1) == Admission(False, 3.0, ADDRESS)  # what it owes is waited for


def test_what_was_not_sent_comes_back_and_retransmissions_are_debited(store: Store, gate: Gate) -> None:
    claim_id = new_id()
    until = store.clock.now + timedelta(seconds=20)
    asked = {ADDRESS: 3}
    admit(gate.pacing, wish_of(claim_id, asked, until))
    gate.pacing.settle([Spending(claim_id, asked, {ADDRESS: 1})])
    assert gate.ask(7).granted
    gate.pacing.settle([Spending(claim_id, asked, {ADDRESS: 7})])
    assert gate.ask(1) == Admission(False, 1.25, ADDRESS)  # four beyond what was granted


def test_slots_end_with_their_run_or_with_its_lease(store: Store) -> None:
    gate = Gate(store, PaceLimits(rate=0, burst=8, concurrency=3))
    first = new_id()
    until = store.clock.now + timedelta(seconds=20)
    asked = {ADDRESS: 1, OTHER: 1}
    assert admit(gate.pacing, wish_of(first, asked, until)).granted
    assert gate.ask().granted
    assert gate.ask() == Admission(False, 0.25, ADDRESS)  # the third is for scheduled checks
    assert gate.ask(address=OTHER).granted
    gate.pacing.settle([Spending(first, asked, None)])
    assert gate.ask().granted
    assert not gate.ask().granted
    store.clock.advance(21)  # the workers are gone
    assert gate.ask().granted


def test_a_slot_is_free_when_its_address_is_done_with(store: Store) -> None:
    gate = Gate(store, PaceLimits(rate=0, burst=8, concurrency=2))
    run = new_id()
    until = store.clock.now + timedelta(seconds=20)
    assert admit(gate.pacing, wish_of(run, {ADDRESS: 1, OTHER: 1}, until)).granted
    gate.pacing.free([(ADDRESS, run)])
    assert gate.ask(address=ADDRESS).granted
    assert not gate.ask(address=OTHER).granted


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


def test_no_wait_is_longer_than_the_longest_and_not_all_who_wait_so_long_come_at_once(
    store: Store, gate: Gate
) -> None:
    longest = LONGEST_WAIT.total_seconds()
    found = waits(gate.pacing, store, 2000)
    assert max(found) <= longest
    beyond = found[int(longest / 0.75) + 1 :]
    assert min(beyond) < 0.6 * longest
    assert len({round(wait) for wait in beyond}) > 200


def test_three_workers_agree_on_shares(store: Store) -> None:
    """What one refused another knows: a flood by one environment leaves another its part, whichever worker it asks."""
    gates = [Gate(store, PaceLimits(rate=4, burst=8, concurrency=0)) for _ in range(3)]
    granted: Counter[UUID] = Counter()
    for step in range(120):
        gate = gates[step % 3]
        for of in (ACME, ACME, ACME, BETA, CHECKS):
            requests = 1 if of == CHECKS else 3
            if gate.ask(requests, on_demand=False, of=of, put_off=True).granted:
                granted[of] += requests
        store.clock.advance(0.25)
    total = sum(granted.values())
    assert 4 * 29 <= total <= 8 + 4 * 30
    assert granted[CHECKS] >= 0.23 * total
    assert abs(granted[ACME] - granted[BETA]) <= 12


def test_what_nobody_else_wants_any_more_is_the_others(store: Store) -> None:
    gate = Gate(store, PaceLimits(rate=4, burst=8, concurrency=0))
    for of in (ACME, BETA):
        while gate.ask(2, on_demand=False, of=of, put_off=True).granted:
            pass
    store.clock.advance(20)
    taken = 0
    for _ in range(40):
        store.clock.advance(0.5)
        taken += gate.ask(2, on_demand=False, of=ACME, put_off=True).granted
    assert taken == 40


def test_an_environment_that_waits_does_not_wait_for_another_ones_line(store: Store, gate: Gate) -> None:
    waits(gate.pacing, store, 1000)
    answer = gate.ask(3, on_demand=True, patience=4, of=BETA)
    assert answer.granted
    assert answer.wait_seconds <= 2


def test_a_line_comes_forward_when_the_others_have_gone(store: Store, gate: Gate) -> None:
    """Who was put off for his part of the pace comes sooner when it is all his."""
    installation = store.installation
    while gate.ask(3, on_demand=False, of=BETA).granted:
        pass
    gate.ask(3, on_demand=False, of=BETA)
    runs = [installation.runs.requests.request(store.caller, store.make_trunk().id) for _ in range(12)]
    claims = {claim.verification_id: claim for claim in installation.runs.claims.claim(limit=100).runs}
    until = store.clock.now + timedelta(seconds=20)
    environment_id = store.caller.environment_id
    answers = gate.pacing.admit(
        [
            replace(
                wish_of(claims[each].claim_id, {ADDRESS: 3}, until),
                on_demand=False,
                environment_id=environment_id,
            )
            for each in runs
        ]
    )
    assert not any(answer.granted for answer in answers)
    assert answers[-1].wait_seconds == pytest.approx(12 * 3 / 2, abs=1)  # half of four a second
    installation.runs.recovery.give_back(
        [
            Return(claims[each], answer.wait_seconds, waits_at=answer.short_at)
            for each, answer in zip(runs, answers, strict=True)
        ]
    )
    store.clock.advance(10)  # the other's wishes are over
    assert gate.ask(1, on_demand=False, of=environment_id, put_off=True).granted
    due = len(installation.runs.claims.claim(limit=100).runs)
    store.clock.advance(4)
    assert due + len(installation.runs.claims.claim(limit=100).runs) == 12


def test_an_only_slot_goes_to_checks_and_to_environments_in_turn(store: Store) -> None:
    gate = Gate(store, PaceLimits(rate=0, burst=8, concurrency=1))
    had: list[UUID] = []
    until = store.clock.now + timedelta(hours=1)
    for _ in range(30):
        for of in (ACME, BETA, CHECKS):
            claim_id = new_id()
            wish = replace(wish_of(claim_id, {ADDRESS: 1}, until), environment_id=of, on_demand=False)
            if admit(gate.pacing, wish).granted:
                had.append(of)
                running = claim_id
        store.clock.advance(1)
        gate.pacing.settle([Spending(running, {ADDRESS: 1}, None)])
    assert Counter(had)[CHECKS] == pytest.approx(15, abs=2)
    assert Counter(had)[ACME] == pytest.approx(Counter(had)[BETA], abs=2)
