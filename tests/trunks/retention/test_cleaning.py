"""What is deleted and what stays, on both engines."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from sipcheck.reasons import CredentialState
from tests.trunks.forms import PASSWORD, STARTED, Store
from tests.trunks.retention.rows import (
    add,
    add_flips,
    add_hours,
    add_runs,
    clean_all,
    count,
    days_ago,
    ids,
)
from trunks.ids import new_id
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings
from trunks.models.credential_freeze import CredentialFreeze
from trunks.models.destination import Destination
from trunks.models.edge_budget import EdgeBudget, EdgeSlot
from trunks.models.flip import Flip
from trunks.models.health_rollup import DailyRollup, HealthRollup
from trunks.models.idempotent_request import IdempotentRequest
from trunks.models.mass_fall import MassFall
from trunks.models.realm_pin import RealmPin
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.repositories.realm_pins import RealmPins
from trunks.retention.cleaning import ROWS_PER_TURN, TURN_SECONDS, Cleaning
from trunks.retention.keeping import Keeping
from trunks.retention.schedule import chores
from trunks.rules.mass_failure import Release


def test_a_trunks_newest_twenty_runs_stay_whatever_their_age(store: Store) -> None:
    trunk = store.make_trunk()
    made = add_runs(store, trunk.id, [days_ago(400 - number) for number in range(25)])
    clean_all(store)
    assert ids(store, Verification) == set(made[5:])


def test_runs_of_the_last_ninety_days_stay_however_many(store: Store) -> None:
    trunk = store.make_trunk()
    add_runs(store, trunk.id, [days_ago(91)] * 30)
    young = add_runs(store, trunk.id, [days_ago(89)] * 30)
    clean_all(store)
    assert ids(store, Verification) == set(young)


def test_a_run_that_goes_leaves_its_flip(store: Store) -> None:
    trunk = store.make_trunk()
    old = add_runs(store, trunk.id, [days_ago(100)] * 21)
    (flip,) = add_flips(store, trunk.id, [days_ago(100)], verification_id=old[0])
    clean_all(store)
    assert old[0] not in ids(store, Verification)
    (left,) = store.flips(trunk.id)
    assert (left.id, left.verification_id) == (flip, None)


def test_runs_that_wait_or_run_stay(store: Store) -> None:
    trunk = store.make_trunk()
    waiting = store.installation.runs.requests.request(store.caller, trunk.id)
    add_runs(store, trunk.id, [days_ago(100)] * 30)
    store.clock.advance(200 * 86_400)
    clean_all(store)
    assert waiting in ids(store, Verification)


def test_flips_go_after_a_year(store: Store) -> None:
    trunk = store.make_trunk()
    add_flips(store, trunk.id, [days_ago(366)] * 3)
    young = add_flips(store, trunk.id, [days_ago(364)])
    clean_all(store)
    assert ids(store, Flip) == set(young)


def test_hours_become_days_without_losing_a_check(store: Store) -> None:
    trunk = store.make_trunk()
    destination_id = trunk.gateways[0].destination_id
    midnight = days_ago(40).replace(hour=0, minute=0, second=0, microsecond=0)
    add_hours(store, destination_id, [midnight + timedelta(hours=hour) for hour in range(23)])
    last = midnight + timedelta(hours=23)
    add_hours(store, destination_id, [last], failures=60, latency_sum_ms=0.0, latency_max_ms=0.0)
    young = add_hours(store, destination_id, [days_ago(29)])
    clean_all(store)
    assert ids(store, HealthRollup) == set(young)
    with store.installation.database.read() as session:
        (day,) = session.scalars(select(DailyRollup))
    assert (day.destination_id, day.day) == (destination_id, midnight)
    assert (day.checks, day.failures) == (24 * 60, 23 + 60)
    assert (day.latency_sum_ms, day.latency_max_ms) == (23 * 590.0, 20.0)


def test_hours_that_come_late_are_added_to_their_day(store: Store) -> None:
    destination_id = store.make_trunk().gateways[0].destination_id
    noon = days_ago(40).replace(hour=12, minute=0, second=0, microsecond=0)
    add_hours(store, destination_id, [noon])
    clean_all(store)
    add_hours(store, destination_id, [noon + timedelta(hours=1)], latency_max_ms=35.0)
    clean_all(store)
    with store.installation.database.read() as session:
        (day,) = session.scalars(select(DailyRollup))
    assert (day.checks, day.failures, day.latency_max_ms) == (120, 2, 35.0)


def test_days_go_after_four_hundred(store: Store) -> None:
    destination_id = store.make_trunk().gateways[0].destination_id
    add_hours(store, destination_id, [days_ago(402), days_ago(399)])
    clean_all(store)
    assert (count(store, HealthRollup), count(store, DailyRollup)) == (0, 1)


def test_a_destination_goes_seven_days_after_its_last_trunk(store: Store) -> None:
    trunk, kept = store.make_trunk(), store.make_trunk(domain="other.example")
    destination_id = trunk.gateways[0].destination_id
    add_hours(store, destination_id, [days_ago(1), days_ago(50)])
    clean_all(store)
    store.installation.catalog.trunks.remove(store.caller, trunk.id)
    clean_all(store)
    store.clock.advance(6.9 * 86_400)
    clean_all(store)
    assert destination_id in ids(store, Destination)
    store.clock.advance(0.2 * 86_400)
    clean_all(store)
    assert ids(store, Destination) == {kept.gateways[0].destination_id}
    assert (count(store, HealthRollup), count(store, DailyRollup)) == (0, 0)


def test_a_destination_that_a_trunk_comes_back_to_stays(store: Store) -> None:
    trunk = store.make_trunk()
    store.installation.catalog.trunks.remove(store.caller, trunk.id)
    clean_all(store)
    store.clock.advance(6 * 86_400)
    back = store.make_trunk()
    assert back.gateways[0].destination_id == trunk.gateways[0].destination_id
    store.clock.advance(2 * 86_400)
    clean_all(store)
    store.installation.catalog.trunks.remove(store.caller, back.id)
    clean_all(store)
    assert ids(store, Destination) == {trunk.gateways[0].destination_id}


def test_learned_realms_go_with_the_last_trunk_of_their_user(store: Store) -> None:
    trunk = store.make_trunk()
    destination_id = trunk.gateways[0].destination_id
    with store.installation.database.write() as session:
        old = {(destination_id, username): ["carrier"] for username in ("alice", "bob")}
        RealmPins(session).learn(old, days_ago(8))
        RealmPins(session).learn({(destination_id, "carol"): ["carrier"]}, days_ago(6))
    clean_all(store)
    with store.installation.database.read() as session:
        assert set(session.scalars(select(RealmPin.username))) == {"alice", "carol"}


def _freeze(store: Store, account_key: str, key: str, **moments: object) -> None:
    add(store, CredentialFreeze, [{"key": key, "account_key": account_key, **moments}])


def test_rejected_credentials_are_remembered_while_a_trunk_stands_rejected_by_them(store: Store) -> None:
    trunk = store.make_trunk()
    hashed = store.installation.tenancy.keys.credential_hash()
    account = hashed.account_key("sip.carrier.example", "alice", PASSWORD)
    with store.installation.database.write() as session:
        session.get_one(Trunk, trunk.id).credentials = CredentialState.REJECTED
    _freeze(store, account, "standing", rejected_at=days_ago(200))
    _freeze(store, "somebody-gone", "old", rejected_at=days_ago(91))
    _freeze(store, "somebody-gone", "young", rejected_at=days_ago(89))
    _freeze(store, "nobody-knows", "unsettled", claim_id=trunk.id, lease_until=days_ago(91))
    clean_all(store)
    with store.installation.database.read() as session:
        assert set(session.scalars(select(CredentialFreeze.key))) == {"standing", "young"}
    store.installation.catalog.trunks.remove(store.caller, trunk.id)
    clean_all(store)
    with store.installation.database.read() as session:
        assert set(session.scalars(select(CredentialFreeze.key))) == {"young"}


def test_small_tables_keep_what_is_young_or_open(store: Store) -> None:
    same = {"fallen": 20, "addresses": 3}
    released = {**same, "release": Release.CANARY_ALIVE}
    add(
        store,
        MassFall,
        [
            {**released, "began_at": days_ago(91), "released_at": days_ago(91)},
            {**released, "began_at": days_ago(89), "released_at": days_ago(89)},
        ],
    )
    add(store, MassFall, [{**same, "began_at": days_ago(100), "open_mark": "open"}])
    add(
        store,
        EdgeBudget,
        [
            {"address": "192.0.2.1", "tokens": 8.0, "refilled_at": days_ago(1.1)},
            {"address": "192.0.2.2", "tokens": 8.0, "refilled_at": days_ago(0.9)},
        ],
    )
    add(store, EdgeSlot, [{"address": "192.0.2.1", "claim_id": new_id(), "lease_until": days_ago(2)}])
    clean_all(store)
    assert (count(store, MassFall), count(store, EdgeBudget), count(store, EdgeSlot)) == (2, 1, 0)


def test_answers_that_were_kept_go_without_a_new_request(store: Store) -> None:
    same = {"content_hash": "c", "claim_id": new_id(), "lease_until": STARTED, "status": 201, "headers": {}}
    same |= {"environment_id": store.caller.environment_id, "body": b"{}"}
    add(
        store,
        IdempotentRequest,
        [
            {**same, "name": "old", "created_at": days_ago(1.01)},
            {**same, "name": "young", "created_at": days_ago(0.99)},
        ],
    )
    store.installation.cleaning.turn()
    with store.installation.database.read() as session:
        assert list(session.scalars(select(IdempotentRequest.name))) == ["young"]


def test_a_turn_takes_a_bounded_number_of_rows(store: Store) -> None:
    trunk = store.make_trunk()
    add_flips(store, trunk.id, [days_ago(400)] * (2 * ROWS_PER_TURN + 1))
    while left := count(store, Flip):
        store.installation.cleaning.turn()
        assert left - count(store, Flip) <= ROWS_PER_TURN


def test_a_turn_ends_when_its_time_is_over_and_the_next_goes_on(store: Store) -> None:
    trunk = store.make_trunk()
    add_runs(store, trunk.id, [days_ago(100)] * 320)
    seconds = iter(number * 0.4 * TURN_SECONDS for number in range(10_000))
    installation = store.installation
    slow = Cleaning(
        installation.database,
        chores(Keeping(), installation.secrets, installation.tenancy.keys),
        clock=store.clock,
        seconds=lambda: next(seconds),
    )
    # Each look at the clock is two fifths of a turn later: two statements of fifty rows fit in.
    assert slow.turn() == {"verifications": 100}
    assert clean_all(store, slow.turn) == 2
    assert count(store, Verification) == 20


def test_a_table_that_was_walked_through_rests_also_when_the_clock_is_set_back(store: Store) -> None:
    trunk = store.make_trunk()
    turn = store.installation.cleaning.turn
    assert not turn()
    add_flips(store, trunk.id, [days_ago(400)])
    store.clock.advance(30)
    assert not turn()
    store.clock.advance(-3600)
    assert turn() == {"flips": 1}


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
def test_a_row_that_somebody_has_locked_is_left_for_later(store: Store) -> None:
    trunk = store.make_trunk()
    made = add_flips(store, trunk.id, [days_ago(400)] * 3)
    with store.installation.database.write() as session:
        session.execute(select(Flip.id).where(Flip.id == made[1]).with_for_update())
        assert store.installation.cleaning.turn() == {"flips": 2}
    store.clock.advance(90)
    assert store.installation.cleaning.turn() == {"flips": 1}


def test_two_workers_take_turns_at_the_same_rows(store_settings: Settings, store: Store) -> None:
    destinations = [
        store.make_trunk(domain=f"carrier{number}.example").gateways[0].destination_id for number in range(4)
    ]
    for destination_id in destinations:
        add_hours(store, destination_id, [days_ago(40) - timedelta(hours=hour) for hour in range(200)])
    other = Installation(store_settings, clock=store.clock)
    try:
        threads = [
            threading.Thread(target=_turns, args=(each.cleaning,)) for each in (store.installation, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        other.close()
    clean_all(store)
    assert count(store, HealthRollup) == 0
    with store.installation.database.read() as session:
        assert sum(session.scalars(select(DailyRollup.checks))) == 4 * 200 * 60


def _turns(cleaning: Cleaning) -> None:
    for _ in range(5):
        cleaning.turn()


def test_deleting_a_run_asks_an_index_for_its_flips(store: Store) -> None:
    with store.installation.database.write() as session:
        if session.get_bind().dialect.name == "sqlite":
            plan = session.execute(
                text("EXPLAIN QUERY PLAN UPDATE flips SET verification_id = NULL WHERE verification_id = 'x'")
            ).all()
        else:
            session.execute(text("SET LOCAL enable_seqscan = off"))
            plan = session.execute(
                text(
                    "EXPLAIN UPDATE flips SET verification_id = NULL"
                    " WHERE verification_id = '00000000-0000-0000-0000-000000000000'"
                )
            ).all()
    assert "ix_flips_verification_id" in str(plan)
