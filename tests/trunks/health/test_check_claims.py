"""Which destinations are asked, when and by whom, on both engines."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from sipcheck.reasons import Outcome, Reason
from sipcheck.target import TransportName
from tests.trunks.forms import Store, make_report
from tests.trunks.health_watch import ALIVE, LONG_ENOUGH_SECONDS, SILENT, HealthWatch
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.models.trunk import Trunk


@pytest.fixture
def watch(store: Store) -> HealthWatch:
    return HealthWatch(store)


def test_health_begins_with_the_first_living_answer(watch: HealthWatch) -> None:
    silent = watch.verified(SILENT)
    assert watch.cycle(alive=True) == []
    watch.verify(silent, ALIVE)
    assert watch.claim() == []  # not at once: the verification was a look already
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    (claim,) = watch.claim()
    assert claim.destination_id == watch.destination_of(silent)
    assert claim.target().domain == "sip.carrier.example"
    assert (claim.lease_until - claim.claimed_at).total_seconds() == 15  # a probe's 5 s and 10 s


def test_a_refusal_is_an_answer_and_begins_health(watch: HealthWatch) -> None:
    watch.verified(make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED))
    assert len(watch.cycle(alive=True)) == 1


def test_equal_gateways_are_asked_once(watch: HealthWatch) -> None:
    for _ in range(5):
        watch.verified()
    watch.verified(transport=TransportName.TCP, domain="other.carrier.example")
    assert len(watch.cycle(alive=True)) == 2


def test_an_inactive_trunk_goes_on_being_asked_for(watch: HealthWatch) -> None:
    trunk = watch.verified(wanted=False)
    assert not watch.store.trunk(trunk.id).is_active
    assert [len(watch.cycle(alive=True)) for _ in range(3)] == [1, 1, 1]


def test_of_many_workers_one_gets_a_cycle(watch: HealthWatch) -> None:
    for number in range(20):
        watch.verified(domain=f"carrier{number}.example")
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    with ThreadPoolExecutor(4) as threads:
        claims = [
            claim for found in threads.map(lambda _: watch.claim(limit=7), range(12)) for claim in found
        ]
    assert len(claims) == len({claim.destination_id for claim in claims}) == 20


def test_what_a_lost_worker_had_is_asked_again_when_its_lease_is_over(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    (lost,) = watch.claim()
    watch.store.clock.advance(14)
    assert watch.claim() == []
    watch.store.clock.advance(2)
    (taken,) = watch.claim()
    assert taken.cycle == lost.cycle + 1
    # The late result of the one that was given up changes nothing, however bad it is.
    watch.settle([lost], alive=False)
    assert watch.health(watch.destination_of(trunk)).failures == 0
    watch.settle([taken], alive=True)
    assert watch.store.trunk(trunk.id).failed_checks == 0


def test_a_worker_that_stops_gives_its_claims_back(watch: HealthWatch) -> None:
    watch.verified()
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    claims = watch.claim()
    watch.store.installation.health.claims.release(claims)
    assert watch.claim() == []  # its request may have left: the host has its pause all the same
    watch.store.clock.advance(15)
    assert [claim.destination_id for claim in watch.claim()] == [claims[0].destination_id]


def test_a_lease_is_renewed_while_its_result_waits_and_never_for_another(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    claims = watch.claim()
    watch.store.clock.advance(14)
    watch.store.installation.health.claims.renew(claims)
    watch.store.clock.advance(14)
    assert watch.claim() == []
    watch.store.clock.advance(2)
    (taken,) = watch.claim()
    before = watch.health(watch.destination_of(trunk)).lease_until
    watch.store.clock.advance(5)
    watch.store.installation.health.claims.renew(claims)
    assert watch.health(watch.destination_of(trunk)).lease_until == before == taken.lease_until


def test_a_deleted_trunk_ends_the_checks(watch: HealthWatch) -> None:
    trunk = watch.verified()
    with watch.store.installation.database.write() as session:
        session.delete(session.get_one(Trunk, trunk.id))
    assert watch.cycle(alive=True) == []
    assert watch.health(watch.destination_of(trunk)).next_check_at is None


def test_an_edit_ends_the_checks_until_the_next_living_answer(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.store.edit(trunk.id)
    assert watch.cycle(alive=True) == []
    watch.verify(trunk, ALIVE)
    assert len(watch.cycle(alive=True)) == 1


def test_an_interval_of_nought_ends_the_checks_and_another_takes_them_up(watch: HealthWatch) -> None:
    trunk = watch.verified()
    _edit(watch, trunk, 0)
    assert watch.cycle(alive=True) == []
    assert watch.health(watch.destination_of(trunk)).next_check_at is None
    _edit(watch, trunk, 40)
    (claim,) = watch.cycle(alive=True)
    assert claim.interval_seconds == 40


def test_a_shorter_interval_holds_at_once(watch: HealthWatch) -> None:
    trunk = watch.verified()
    _edit(watch, trunk, 3600)
    for _ in range(3):
        watch.store.clock.advance(4000)
        watch.settle(watch.claim(), alive=True)
    _edit(watch, trunk, 30)
    watch.store.clock.advance(33)
    assert len(watch.claim()) == 1


def test_the_shortest_interval_that_a_trunk_asks_for_is_the_destinations(watch: HealthWatch) -> None:
    slow, quick = watch.verified(), watch.verified()
    _wish(watch, slow, 3600)
    _wish(watch, quick, 40)
    (claim,) = watch.cycle(alive=True)
    assert claim.interval_seconds == 40
    health = watch.health(claim.destination_id)
    assert health.next_check_at is not None
    wait = (health.next_check_at - watch.store.clock.now).total_seconds()
    assert 36 <= wait <= 44


def test_an_interval_below_the_floor_is_the_floor(watch: HealthWatch) -> None:
    trunk = watch.verified()
    _wish(watch, trunk, 1)
    (claim,) = watch.cycle(alive=True)
    assert claim.interval_seconds == 30


def test_one_request_uri_host_is_asked_once_in_fifteen_seconds(watch: HealthWatch) -> None:
    for port in range(5060, 5066):
        watch.verified(port=port)
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    asked: list[tuple[int, int | None]] = []
    for second in range(300):
        claims = watch.claim()
        watch.settle(claims, alive=True)
        asked.extend((second, claim.port) for claim in claims)
        watch.store.clock.advance(1)
    assert len({port for _, port in asked}) == 6
    gaps = [later - earlier for (earlier, _), (later, _) in pairwise(asked)]
    assert min(gaps) >= 15


def test_the_start_after_an_outage_is_spread_over_an_interval(watch: HealthWatch) -> None:
    for number in range(40):
        watch.verified(domain=f"carrier{number}.example")
    watch.store.clock.advance(3600)
    assert watch.claim() == []
    at_once = []
    for _ in range(7):
        watch.store.clock.advance(10)
        claims = watch.claim()
        watch.settle(claims, alive=True)
        at_once.append(len(claims))
    assert 40 <= sum(at_once) <= 60  # the first of them come again
    assert max(at_once) < 25


def test_what_waits_for_its_turn_comes_later(watch: HealthWatch) -> None:
    watch.verified()
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    claims = watch.claim()
    watch.store.installation.health.claims.postpone([(claims[0], 3.0)])
    watch.store.clock.advance(2)
    assert watch.claim() == []
    watch.store.clock.advance(1)
    assert len(watch.claim()) == 1


def test_who_asks_gets_a_result_that_counts_towards_no_threshold(watch: HealthWatch) -> None:
    trunk = watch.verified()
    destination_id = watch.destination_of(trunk)
    latest = watch.store.installation.health.latest
    before = watch.health(destination_id).next_check_at
    watch.store.clock.advance(5)
    asked_at = watch.store.clock.now
    for _ in range(3):
        latest.ask([destination_id])
    assert latest.answered_since({destination_id: asked_at}) == set()
    (claim,) = watch.claim()
    latest.ask([destination_id])  # while it runs: this one's result is the answer too
    assert (claim.asked, claim.counts) == (True, False)
    watch.settle([claim], alive=False)
    assert latest.answered_since({destination_id: asked_at}) == {destination_id}
    result = latest.last_result(destination_id)
    assert result is not None
    assert (result.alive, result.reason) == (False, Reason.NO_RESPONSE)
    assert result.error == "The carrier is not alive (no-response)."
    assert watch.store.trunk(trunk.id).failed_checks == 0
    assert watch.health(destination_id).next_check_at == before
    assert watch.claim() == []


def test_asking_while_a_check_is_due_is_that_check(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    watch.store.installation.health.latest.ask([watch.destination_of(trunk)])
    (claim,) = watch.claim()
    assert (claim.asked, claim.counts) == (True, True)


def test_a_destination_that_never_answered_is_asked_for_whoever_wants_to_know(watch: HealthWatch) -> None:
    trunk = watch.store.make_trunk()
    destination_id = watch.destination_of(trunk)
    watch.store.installation.health.latest.ask([destination_id])
    (claim,) = watch.claim()
    watch.settle([claim], alive=True)
    result = watch.store.installation.health.latest.last_result(destination_id)
    assert result is not None
    assert (result.alive, result.latency_ms, result.error) == (True, 12.5, None)
    assert watch.cycle(alive=True) == []


def test_a_verification_is_the_latest_result_of_its_destination(watch: HealthWatch) -> None:
    trunk = watch.verified()
    latest = watch.store.installation.health.latest
    destination_id = watch.destination_of(trunk)
    result = latest.last_result(destination_id)
    assert result is not None
    assert (result.alive, result.checked_at) == (True, watch.store.clock.now)
    watch.store.clock.advance(5)
    watch.verify(trunk, SILENT)
    result = latest.last_result(destination_id)
    assert result is not None
    assert (result.alive, result.checked_at) == (False, watch.store.clock.now)


def test_after_a_failed_verification_the_next_check_is_within_half_a_minute(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.verify(trunk, SILENT)
    assert watch.store.trunk(trunk.id).failed_checks == 1
    next_check_at = watch.health(watch.destination_of(trunk)).next_check_at
    assert next_check_at is not None
    assert next_check_at <= watch.store.clock.now + timedelta(seconds=30)


def _edit(watch: HealthWatch, trunk: Trunk, seconds: float) -> None:
    edit = TrunkEdit(health_interval_seconds=seconds)
    watch.store.installation.catalog.updates.apply(watch.store.caller, trunk.id, edit)


def _wish(watch: HealthWatch, trunk: Trunk, seconds: float | None) -> None:
    with watch.store.installation.database.write() as session:
        session.get_one(Trunk, trunk.id).health_interval_seconds = seconds


def test_a_check_whose_facts_are_an_hour_old_looks_again(watch: HealthWatch) -> None:
    watch.verified()
    (first,) = watch.cycle(alive=True, facts={}, sip_status=200)
    in_full = [claim.in_full for _ in range(62) for claim in watch.cycle(alive=True)]
    assert first.in_full
    # An hour, give or take a tenth; and then as long as nothing is kept.
    assert not any(in_full[: int(3600 * 0.9 / LONG_ENOUGH_SECONDS) - 1])
    assert all(in_full[int(3600 * 1.1 / LONG_ENOUGH_SECONDS) :])


def _other(store: Store) -> Store:
    return Store(store.installation, store.clock, tenant="mallory")


@pytest.mark.parametrize("their_own", [True, False], ids=["over proxies of his own", "at the carrier itself"])
def test_one_tenant_with_the_name_of_a_carrier_does_not_starve_its_checks(
    watch: HealthWatch, their_own: bool
) -> None:
    carrier = watch.destination_of(watch.verified())
    mallory = HealthWatch(_other(watch.store))
    places = {carrier: "192.0.2.1"}
    for number in range(12):
        trunk = mallory.verified(outbound_proxy=f"proxy{number}.mallory.example:5060")
        places[mallory.destination_of(trunk)] = f"203.0.113.{number}" if their_own else "192.0.2.1"
    checks: Counter[UUID] = Counter()
    minutes = 7
    for _ in range(20 * minutes):
        for claim in watch.claim():
            checks[claim.destination_id] += 1
            watch.settle([claim], alive=True, edge_addresses=(places[claim.destination_id],))
        watch.store.clock.advance(3)
    assert checks[carrier] >= 0.8 * (minutes - 1)
    assert all(checks[each] for each in places)
    if their_own:
        assert all(checks[each] >= 0.8 * (minutes - 1) for each in places)


def test_a_check_that_is_put_off_is_late_since_it_was_first_due(watch: HealthWatch) -> None:
    def lag_seconds() -> float:
        return watch.store.installation.statistics.see(watch.store.clock.now).check_lag_seconds

    watch.verified()
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    late_seconds = lag_seconds()
    (claim,) = watch.claim()
    for _ in range(3):
        watch.store.installation.health.claims.postpone([(claim, 10.0)])
        assert lag_seconds() == pytest.approx(late_seconds)
        watch.store.clock.advance(10)
        late_seconds += 10
        (claim,) = watch.claim()
    watch.settle([claim], alive=True)
    assert lag_seconds() == 0
    for port in (5061, 5062):
        watch.verified(port=port)
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    watch.claim()  # one of the host; the others have their turns later
    watch.store.clock.advance(1)
    assert lag_seconds() > 1
