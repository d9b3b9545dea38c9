"""Whose run is claimed first (docs/design/queue.md, "Turns")."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.trunks.forms import Store
from trunks.ids import new_id
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification, VerificationStatus, WayIn
from trunks.tenancy.tenants import Caller


@dataclass
class Queue:
    """Runs of many tenants, claimed by one worker."""

    store: Store

    def tenant(self) -> Caller:
        tenants = self.store.installation.tenancy.tenants
        name = f"tenant {new_id()}"
        tenants.create_environment(name)
        caller = tenants.authenticate(tenants.create_token(name))
        assert caller is not None
        return caller

    def enter(
        self, caller: Caller, count: int, way_in: WayIn = WayIn.QUEUED, *, due_in_seconds: float = 0.0
    ) -> list[UUID]:
        """Queue runs, each of a trunk of its own, the first due before the others."""
        self.store.caller = caller
        by = RequestedBy.SCHEDULE if way_in is WayIn.SCHEDULED else RequestedBy.CUSTOMER
        runs = []
        for _ in range(count):
            trunk: Trunk = self.store.make_trunk()
            now = self.store.clock.now
            run = Verification(
                id=new_id(),
                environment_id=caller.environment_id,
                way_in=way_in,
                trunk_id=trunk.id,
                generation=trunk.generation,
                status=VerificationStatus.QUEUED,
                requested_by=by,
                requested_at=now,
                due_at=now + timedelta(seconds=due_in_seconds),
            )
            with self.store.installation.database.write() as session:
                session.add(run)
            runs.append(run.id)
            self.store.clock.advance(0.001)
        return runs

    def claim(self, limit: int) -> list[UUID]:
        return [each.verification_id for each in self.store.installation.runs.claims.claim(limit=limit).runs]


@pytest.fixture
def queue(store: Store) -> Queue:
    return Queue(store)


def test_the_oldest_of_each_environment_in_turn(queue: Queue) -> None:
    many = queue.enter(queue.tenant(), 20)
    few = queue.enter(queue.tenant(), 2)
    late = queue.enter(queue.tenant(), 1)
    assert set(queue.claim(3)) == {many[0], few[0], late[0]}
    assert set(queue.claim(2)) == {many[1], few[1]}
    # Whoever is alone has all the places.
    assert sorted(queue.claim(100)) == sorted(many[2:])
    assert queue.claim(100) == []


def test_one_place_goes_round(queue: Queue) -> None:
    owners: dict[UUID, UUID] = {}
    for caller in [queue.tenant() for _ in range(3)]:
        owners |= dict.fromkeys(queue.enter(caller, 4), caller.environment_id)
    turns = [owners[queue.claim(1)[0]] for _ in range(9)]
    assert all(len(set(turns[start : start + 3])) == 3 for start in (0, 3, 6))


def test_six_on_demand_to_three_queued_to_one_scheduled(queue: Queue) -> None:
    caller = queue.tenant()
    ways = {way: queue.enter(caller, 12, way) for way in WayIn}
    of = {run: way for way, runs in ways.items() for run in runs}
    assert Counter(of[run] for run in queue.claim(10)) == {
        WayIn.ON_DEMAND: 6,
        WayIn.QUEUED: 3,
        WayIn.SCHEDULED: 1,
    }
    # The same where there is one free place at a time.
    assert Counter(of[queue.claim(1)[0]] for _ in range(10)) == {
        WayIn.ON_DEMAND: 6,
        WayIn.QUEUED: 3,
        WayIn.SCHEDULED: 1,
    }


def test_nobody_on_demand_leaves_the_places_to_the_others(queue: Queue) -> None:
    queued = queue.enter(queue.tenant(), 3)
    scheduled = queue.enter(queue.tenant(), 3, WayIn.SCHEDULED)
    assert sorted(queue.claim(10)) == sorted([*queued, *scheduled])


def test_more_environments_than_a_turn_asks_all_have_theirs(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trunks.runs.turns._ENVIRONMENTS_PER_TURN", 2)
    runs = [run for _ in range(5) for run in queue.enter(queue.tenant(), 2)]
    claimed: list[UUID] = []
    while found := queue.claim(2):
        claimed += found
    assert sorted(claimed) == sorted(runs)
    assert set(claimed[:5]) & set(runs[1::2]) == set()  # no second one before everybody's first


@pytest.mark.parametrize(("asked", "passed", "looks"), [(2, 100, 1), (2, 4, 2), (100, 2, 4)])
def test_whose_runs_wait_for_their_time_keep_nobody_behind_them(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, asked: int, passed: int, looks: int
) -> None:
    """A carrier at which hundreds of tenants wait for their pace is none of the others' business."""
    monkeypatch.setattr("trunks.runs.turns._ENVIRONMENTS_PER_TURN", asked)
    monkeypatch.setattr("trunks.runs.turns._PASSED_PER_TURN", passed)
    for _ in range(6):
        queue.enter(queue.tenant(), 1, due_in_seconds=900)
    (mine,) = queue.enter(queue.tenant(), 1, WayIn.ON_DEMAND)
    claims = queue.store.installation.runs.claims
    for look in range(1, looks + 1):
        found = claims.claim(limit=100)
        assert [each.verification_id for each in found.runs] == ([mine] if look == looks else [])
        assert found.more == (look < looks or passed < 7)


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)  # SQLite locks no rows
def test_what_others_keep_keeps_nobody_behind_it(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunks.runs.turns._ENVIRONMENTS_PER_TURN", 2)
    kept = [run for _ in range(3) for run in queue.enter(queue.tenant(), 1)]
    (free,) = queue.enter(queue.tenant(), 1)
    with queue.store.installation.database.write() as session:
        session.scalars(select(Verification).where(Verification.id.in_(kept)).with_for_update()).all()
        assert [run for _ in range(2) for run in queue.claim(2)] == [free]


def test_it_is_looked_again_at_once_only_where_something_was_left(queue: Queue) -> None:
    """What comes meanwhile rings for itself, and is claimed together."""
    claims = queue.store.installation.runs.claims
    queue.enter(queue.tenant(), 3)
    queue.enter(queue.tenant(), 1, WayIn.ON_DEMAND)
    rows = [(2, 2, True), (1, 1, True), (4, 1, False), (4, 0, False)]
    for limit, claimed, more in rows:
        found = claims.claim(limit=limit)
        assert (len(found.runs), found.more) == (claimed, more), limit


def test_several_workers_claim_each_run_once(queue: Queue) -> None:
    runs = queue.enter(queue.tenant(), 30) + queue.enter(queue.tenant(), 30)
    with ThreadPoolExecutor(4) as threads:
        turns = list(threads.map(lambda _: queue.claim(10), range(12)))
    claimed = [run for turn in turns for run in turn]
    while found := queue.claim(10):
        claimed += found
    assert sorted(claimed) == sorted(runs)


def test_who_waits_for_an_answer_comes_before_what_is_only_queued(store: Store, queue: Queue) -> None:
    caller = queue.tenant()
    queue.enter(caller, 5)
    waited_for = queue.enter(caller, 1)[0]
    with store.installation.database.read() as session:
        trunk_id = session.get_one(Verification, waited_for).trunk_id
    assert store.installation.runs.requests.request(caller, trunk_id, on_demand=True) == waited_for
    assert waited_for in queue.claim(2)
