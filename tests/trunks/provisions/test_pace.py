"""The pace of writes: a mass move takes its time over all workers, and keeps nobody waiting who asked."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import update

from tests.trunks.forms import LIVEKIT_AWAY, Store
from trunks.installation.settings import Settings
from trunks.models.provision import Infrastructure, ProvisionOccasion
from trunks.models.trunk import Trunk
from trunks.provisions.pace import ProvisionPace
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.provisions import Infrastructures
from trunks.rules.write_pace import least_left
from trunks.voice.sides import SideIds

RATE = 5
LOOK_SECONDS = 0.2
IDS = SideIds("ST_in", "ST_out")


@pytest.fixture
def store(make_store: Callable[[Settings], Store], store_settings: Settings) -> Store:
    return make_store(store_settings.model_copy(update=LIVEKIT_AWAY | {"provisioner_rate": float(RATE)}))


def provisioned(store: Store, count: int) -> list[Trunk]:
    """Make trunks whose sides stand."""
    trunks = [store.make_trunk(name=f"Trunk {number}", wanted=True) for number in range(count)]
    for trunk in trunks:
        store.provision(trunk.id)
        work(store, trunk.id)
    return trunks


def work(store: Store, trunk_id: UUID, *, asked_alone: bool = False) -> None:
    claims = store.installation.provisions.claims
    claim = claims.claim(trunk_id, asked_alone=asked_alone)
    assert claim is not None
    assert claims.finish(claim, IDS)


def lead_anew(
    store: Store, trunks: list[Trunk], occasion: ProvisionOccasion = ProvisionOccasion.MOVE
) -> None:
    with store.installation.database.write() as session:
        requests = ProvisionRequests(session, store.installation.settings.provisioner)
        for trunk in trunks:
            assert requests.lead_anew(trunk.id, store.clock(), occasion)


def pace(store: Store) -> ProvisionPace:
    return store.installation.provisions.pace


def waiting(store: Store) -> int:
    return sum(store.installation.provisions.overview.statistics().waiting.values())


def test_a_mass_move_takes_its_time_over_all_workers_and_asked_work_does_not_wait(store: Store) -> None:
    trunks = provisioned(store, 20)
    (other,) = provisioned(store, 1)
    store.clock.advance(60)
    lead_anew(store, trunks)
    begun_at, taken, edited = store.clock(), 0, False
    for _ in range(100):
        if not waiting(store):
            break
        # Two workers look, four trunks at a time.
        for _ in range(2):
            for trunk_id in pace(store).take(limit=4):
                work(store, trunk_id)
                taken += 1
        seconds = (store.clock() - begun_at).total_seconds()
        assert taken <= RATE + RATE * seconds + 1e-6
        if taken == RATE and not edited:
            # In the middle of it somebody edits his trunk.
            edited = True
            store.provision_changes(other.id)
            work(store, other.id, asked_alone=True)
        store.clock.advance(LOOK_SECONDS)
    assert taken == len(trunks)
    # Five at once, the others at five a second, and what the person had written beside them.
    assert 3.0 <= seconds <= 4.0


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_what_nobody_asked_for_waits_for_its_turn(store: Store) -> None:
    (trunk,) = provisioned(store, 1)
    lead_anew(store, [trunk])
    claims = store.installation.provisions.claims
    assert claims.tend().to_ring == ()
    assert claims.claim(trunk.id, asked_alone=True) is None
    assert pace(store).take(limit=4) == [trunk.id]
    # Whoever took it was killed.
    assert list(pace(store).take(limit=4)) == []
    store.clock.advance(6)
    assert pace(store).take(limit=4) == [trunk.id]
    # An edit makes it a person's.
    store.provision_changes(trunk.id)
    assert waiting(store) == 0
    work(store, trunk.id, asked_alone=True)


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_the_guard_goes_before_moves_and_moves_before_what_reconciliation_found(store: Store) -> None:
    trunks = provisioned(store, 3)
    occasions = (ProvisionOccasion.RECONCILIATION, ProvisionOccasion.MOVE, ProvisionOccasion.GUARD)
    for trunk, occasion in zip(trunks, occasions, strict=True):
        lead_anew(store, [trunk], occasion)
        store.clock.advance(1)
    order = [pace(store).take(limit=1)[0] for _ in trunks]
    assert order == [trunk.id for trunk in reversed(trunks)]
    # What waits is as urgent as the most urgent that was asked of it.
    lead_anew(store, trunks[:1], ProvisionOccasion.GUARD)
    lead_anew(store, trunks[:1], ProvisionOccasion.RECONCILIATION)
    counted = store.installation.provisions.overview.statistics().waiting
    assert +Counter(counted) == {"guard": 2, "move": 1}


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_persons_are_counted_and_others_follow_within_ten_seconds(store: Store) -> None:
    trunks = provisioned(store, 3)
    lead_anew(store, trunks[:1])
    pace(store).take(limit=1)
    work(store, trunks[0].id)
    with store.installation.database.write() as session:
        row = Infrastructures(session).ensure(store.installation.settings.provisioner)
        row.writes_left = least_left(RATE)
    store.provision_changes(trunks[1].id)
    work(store, trunks[1].id, asked_alone=True)
    lead_anew(store, trunks[2:])
    assert list(pace(store).take(limit=4)) == []
    store.clock.advance(10.3)
    assert pace(store).take(limit=4) == [trunks[2].id]


def test_asked_work_without_an_end_leaves_moves_their_share_and_waits_for_none(store: Store) -> None:
    movers, (asker,) = provisioned(store, 12), provisioned(store, 1)
    store.clock.advance(60)
    lead_anew(store, movers)
    taken = []
    for _ in range(9):
        # Twice the rate, by persons; each of them is claimed at once.
        for _ in range(2 * RATE):
            store.provision_changes(asker.id)
            work(store, asker.id, asked_alone=True)
        taken.append(len(done := pace(store).take(limit=4)))
        for trunk_id in done:
            work(store, trunk_id)
        store.clock.advance(1)
    # A second's worth was left when it began; then a quarter of the rate goes on.
    assert taken == [4, 1, 1, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_deletions_are_counted_and_go_behind_all_others(store: Store) -> None:
    given_up = store.installation.provisions.given_up
    trunks = provisioned(store, 6)
    for number in range(20):
        given_up.leave(f"ST_{number}", trunks[0].id)
    store.clock.advance(60)
    assert len(given_up.due()) == RATE
    # They were counted: nothing is left for a move now, nor for more of them.
    lead_anew(store, trunks)
    assert len(pace(store).take(limit=4)) == 1  # the kept share
    assert given_up.due(at_least=0) == []
    store.clock.advance(1)
    # While moves wait each turn takes one, so that they come to an end.
    assert len(given_up.due()) == 1
    while taken := pace(store).take(limit=4):
        for trunk_id in taken:
            work(store, trunk_id)
        store.clock.advance(1)
    store.clock.advance(1)
    assert len(given_up.due()) == RATE


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_a_side_that_was_deleted_and_stands_again_is_due(store: Store) -> None:
    given_up = store.installation.provisions.given_up
    (trunk,) = provisioned(store, 1)
    given_up.leave("ST_old", trunk.id)
    assert given_up.due() == ["ST_old"]
    given_up.gone("ST_old")
    store.clock.advance(60)
    assert given_up.due() == []
    given_up.stand_again(["ST_old", "ST_of_nobody"])
    assert given_up.due() == ["ST_old"]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_a_clock_that_was_ahead_holds_nothing_up(store: Store) -> None:
    (trunk,) = provisioned(store, 1)
    lead_anew(store, [trunk])
    pace(store).take(limit=1)
    with store.installation.database.write() as session:
        row = Infrastructures(session).ensure(store.installation.settings.provisioner)
        row.writes_left = 0.0
    store.clock.advance(-86_400)
    assert store.installation.rewound_clock.mend()
    store.clock.advance(6)
    assert pace(store).take(limit=1) == [trunk.id]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_a_rate_of_zero_sets_no_limit(store: Store) -> None:
    trunks = provisioned(store, 2 * RATE)
    with store.installation.database.write() as session:
        session.execute(update(Infrastructure).values(writes_left=-1000.0))
    lead_anew(store, trunks)
    assert len(replace(pace(store), rate=0.0).take(limit=100)) == len(trunks)
