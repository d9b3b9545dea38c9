"""A clock that was an hour ahead and is set back, on both engines: nothing waits for the hour."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.trunks.forms import Store, make_report
from tests.trunks.health_watch import LONG_ENOUGH_SECONDS, HealthWatch
from trunks.health.breaker import Breaker
from trunks.ids import new_id
from trunks.installation.settings import Settings
from trunks.models.base import Base
from trunks.models.given_up_side import GivenUpSide
from trunks.models.verification import VerificationStatus
from trunks.repositories.given_up_sides import GivenUpSides
from trunks.repositories.knocks import Knocks
from trunks.repositories.mass_falls import MassFalls
from trunks.repositories.rejected_passwords import RejectedPasswords
from trunks.repositories.rewound import LEASED, LEASED_FOR_LONGER
from trunks.rules.knock import Knock
from trunks.rules.mass_failure import Fall
from trunks.rules.rejected_password import DECIDED_AFTER, RejectedPassword
from trunks.runs.wishes import Wish
from trunks.voice.provisioner import ProvisionerName

HOUR = 3600.0


@pytest.fixture
def watch(store: Store) -> HealthWatch:
    return HealthWatch(store)


def set_back(store: Store) -> int:
    store.clock.advance(-HOUR)
    return store.installation.rewound_clock.mend()


def test_a_run_asked_for_by_that_clock_is_due(store: Store) -> None:
    trunk = store.make_trunk()
    store.clock.advance(HOUR)
    asked = store.installation.runs.requests.request(store.caller, trunk.id)
    assert set_back(store) > 0
    assert store.claim(asked) is not None


def test_a_run_put_off_by_that_clock_is_due(store: Store) -> None:
    asked = store.installation.runs.requests.request(store.caller, store.make_trunk().id)
    store.clock.advance(HOUR)
    claim = store.claim(asked)
    assert claim is not None
    store.put_off(claim, seconds=30)
    set_back(store)
    assert store.claim(asked) is not None


def test_a_lease_ends_as_a_new_one_would_and_not_at_once(store: Store) -> None:
    trunk = store.make_trunk()
    store.clock.advance(HOUR)
    claim = store.claim(store.installation.runs.requests.request(store.caller, trunk.id))
    assert claim is not None
    set_back(store)
    assert store.installation.runs.recovery.tend().reclaimed == ()
    store.clock.advance(151)
    assert store.installation.runs.recovery.tend().reclaimed == (claim.verification_id,)


def test_checks_go_on_within_an_interval(store: Store, watch: HealthWatch) -> None:
    store.clock.advance(HOUR)
    trunks = [watch.verified(domain=f"sip{number}.carrier.example") for number in range(3)]
    set_back(store)
    store.clock.advance(LONG_ENOUGH_SECONDS)
    assert {claim.destination_id for claim in watch.claim()} == {
        trunk.gateways[0].destination_id for trunk in trunks
    }


def test_proofs_go_on_within_their_interval(store: Store, watch: HealthWatch) -> None:
    interval_seconds = store.installation.settings.proof_interval_seconds
    store.clock.advance(2 * interval_seconds)
    trunk = watch.verified()
    store.clock.advance(-2 * interval_seconds)
    assert store.installation.rewound_clock.mend() > 0
    next_proof_at = store.trunk(trunk.id).next_proof_at
    assert next_proof_at is not None
    assert next_proof_at - store.clock.now <= timedelta(seconds=interval_seconds)


def test_a_check_does_not_wait_for_a_proof_from_the_hour_to_come(store: Store, watch: HealthWatch) -> None:
    store.clock.advance(HOUR)
    watch.verified(make_report())
    for status in (200, 404):
        watch.cycle(alive=True, sip_status=status)
    set_back(store)
    (claim,) = watch.cycle(alive=True)
    assert claim.asker is not None
    assert claim.asker.proven_here


def test_buckets_are_refilled_and_slots_become_free(
    make_store: Callable[[Settings], Store], store_settings: Settings
) -> None:
    limits = {"address_rate": 4.0, "address_burst": 4, "address_concurrency": 1}
    store = make_store(store_settings.model_copy(update=limits))
    pace = store.installation.runs.address_limits

    def wish() -> Wish:
        return Wish(
            claim_id=new_id(),
            requests={"192.0.2.1": 4},
            lease_until=store.clock.now + timedelta(seconds=20),
            on_demand=True,
            patience_seconds=0,
        )

    store.clock.advance(HOUR)
    assert pace.admit([wish()])[0].granted
    set_back(store)
    assert not pace.admit([wish()])[0].granted
    store.clock.advance(151)
    assert pace.admit([wish()])[0].granted


def test_a_line_of_that_clock_is_no_longer(
    make_store: Callable[[Settings], Store], store_settings: Settings
) -> None:
    limits = {"address_rate": 4.0, "address_burst": 4, "address_concurrency": 0}
    store = make_store(store_settings.model_copy(update=limits))
    pace = store.installation.runs.address_limits

    def wishes(count: int) -> list[Wish]:
        until = store.clock.now + timedelta(seconds=20)
        return [
            Wish(
                claim_id=new_id(),
                requests={"192.0.2.1": 4},
                lease_until=until,
                on_demand=False,
                patience_seconds=0,
                environment_id=store.caller.environment_id,
            )
            for _ in range(count)
        ]

    store.clock.advance(HOUR)
    pace.admit(wishes(20))
    set_back(store)
    store.clock.advance(30)
    first, second = pace.admit(wishes(2))
    assert first.granted
    assert second.wait_seconds <= 2


def test_a_right_clock_has_nothing_to_mend(store: Store, watch: HealthWatch) -> None:
    trunk = watch.verified()
    store.installation.runs.requests.request(store.caller, trunk.id)
    watch.cycle(alive=True)
    assert store.installation.rewound_clock.mend() == 0
    assert store.runs(trunk.id)[0].status is VerificationStatus.QUEUED


def test_knocks_of_that_clock_stand_no_longer_than_others(store: Store) -> None:
    ahead = store.clock.now + timedelta(seconds=HOUR)
    knock = Knock(
        address="192.0.2.1", environment_id=None, account_key="alice", at=ahead, weight=4, refused=1
    )
    with store.installation.database.write() as session:
        Knocks(session).enter([knock])
    store.clock.advance(HOUR)
    set_back(store)
    with store.installation.database.read() as session:
        (stands,) = Knocks(session).at(["192.0.2.1"], store.clock.now - timedelta(seconds=HOUR))
    assert stands.at == store.clock.now


def test_a_password_rejected_by_that_clock_is_decided_and_tried_from_now_on(store: Store) -> None:
    trunk = store.make_trunk()
    store.clock.advance(86_400)
    ahead = store.clock()
    kept = RejectedPassword(
        generation=1,
        address="192.0.2.1",
        was_proven=True,
        first_at=ahead,
        rejected_at=ahead,
        decide_at=ahead + DECIDED_AFTER,
        try_at=None,
    )
    with store.installation.database.write() as session:
        RejectedPasswords(session).keep({trunk.id: kept})
    store.clock.advance(-86_400)
    assert store.installation.rewound_clock.mend() == 1
    now = store.clock()
    with store.installation.database.read() as session:
        found = RejectedPasswords(session).of([trunk.id])[trunk.id]
    assert (found.rejected_at, found.decide_at, found.try_at) == (now, now + DECIDED_AFTER, None)


def test_every_lease_is_looked_at() -> None:
    leased = {
        mapper.class_ for mapper in Base.registry.mappers if "lease_until" in mapper.local_table.columns
    }
    assert leased == {*LEASED, *LEASED_FOR_LONGER}


def test_a_message_of_that_clock_leaves_and_its_lease_ends(store: Store) -> None:
    people = store.installation.people
    people.endpoints.create(
        store.caller, url="https://example.com/", events=None, description=None, enabled=True
    )
    store.clock.advance(HOUR)
    HealthWatch(store).verified()
    while people.flip_follower.turn():
        pass
    set_back(store)
    (claim,) = people.deliveries.claim(limit=1)
    assert len(claim.due) == 1
    store.clock.advance(HOUR)
    (kept,) = people.deliveries.claim(limit=1)
    set_back(store)
    assert people.deliveries.claim(limit=1) == []
    store.clock.advance(151)
    assert [each.due for each in people.deliveries.claim(limit=1)] == [kept.due]


def test_a_mass_fall_of_that_clock_is_let_go_and_its_canary_asked(store: Store) -> None:
    """With a canary every failure is held back until then, of all tenants."""
    breaker = Breaker(
        store.installation.database,
        fewest_destinations=10,
        interval_seconds=60,
        canary_set=True,
        clock=store.clock,
    )
    store.clock.advance(HOUR)
    with store.installation.database.write() as session:
        MassFalls(session).begin(Fall(20, 20, 20), store.clock.now)
    assert breaker.tend()
    set_back(store)
    asked = 0
    for _ in range(12):
        store.clock.advance(60)
        asked += breaker.tend()
    assert asked > 0
    with store.installation.database.read() as session:
        assert MassFalls(session).open() is None


def test_a_turn_that_was_kept_by_that_clock_is_kept_no_longer(store: Store) -> None:
    """Whose it was may be gone; whoever has used more of the address would wait for him."""
    address, ahead = "192.0.2.1", store.clock.now + timedelta(seconds=HOUR)
    knock = Knock(address=address, environment_id=None, account_key="alice", at=ahead, weight=4, refused=1)
    with store.installation.database.write() as session:
        Knocks(session).enter([knock])
        Knocks(session).wait({(address, new_id()): ahead + timedelta(minutes=10)})
    store.clock.advance(HOUR)
    set_back(store)
    with store.installation.database.read() as session:
        assert Knocks(session).waiting([address], store.clock.now) == {}


def test_a_side_that_was_given_up_by_that_clock_is_taken_away(store: Store) -> None:
    ahead = store.clock.now + timedelta(seconds=HOUR)
    with store.installation.database.write() as session:
        GivenUpSides(session).add(ProvisionerName.LIVEKIT, "ST_1", new_id(), ahead, due_at=ahead)
    store.clock.advance(HOUR)
    set_back(store)
    with store.installation.database.read() as session:
        (due_at,) = session.scalars(select(GivenUpSide.due_at)).all()
    assert due_at == store.clock.now
