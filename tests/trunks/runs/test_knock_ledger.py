"""The ledger of knocks on both engines: reserved, settled, left by a crash, and shared in turns."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import Store, make_report
from tests.trunks.health.test_check_askers import another_environment
from tests.trunks.health_watch import LONG_ENOUGH_SECONDS, HealthWatch, address_of
from trunks.errors import StoreBusy
from trunks.ids import new_id
from trunks.repositories.knocks import Knocks
from trunks.rules.knock import Knock
from trunks.rules.knock_limits import SHIPPED, KnockLimits, KnockRules
from trunks.rules.pace_shares import CHECKS
from trunks.rules.visitor import Visitor
from trunks.runs.address_limits import AddressLimits
from trunks.runs.edge_paces import PaceLimits
from trunks.runs.knock_book import KnockBook
from trunks.runs.knock_ledger import BUSY, Seen, Settlement, Visit, settle
from trunks.runs.wishes import Admission, Wish

ADDRESS, OTHER = "192.0.2.1", "2001:db8::1"
ACME, RIVAL = UUID(int=1), UUID(int=2)
NO_PACE = PaceLimits(rate=0, concurrency=0)
WORST = 4
PROVEN = make_report()
REFUSED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)


class Worker:
    """Asks for runs as a worker does; its ledger is the store's."""

    def __init__(self, store: Store, rules: KnockRules | None = None) -> None:
        self.store = store
        self.book = KnockBook(rules or KnockRules())
        self._limits = AddressLimits(
            store.installation.database, NO_PACE, knocks=self.book, clock=store.clock
        )

    def visit(
        self, *, user: str = "alice", by: UUID = ACME, proven: bool = False, at: Sequence[str] = (ADDRESS,)
    ) -> Visit:
        return Visit(
            claim_id=new_id(),
            lease_until=self.store.clock.now + timedelta(seconds=20),
            visitor=Visitor(environment_id=by, account_key=user, proven=proven, knows_password=True),
            worst=dict.fromkeys(at, WORST),
        )

    def wish(self, visit: Visit, *, on_demand: bool = True) -> Wish:
        return Wish(
            claim_id=visit.claim_id,
            environment_id=visit.visitor.environment_id or CHECKS,
            requests=dict.fromkeys(visit.worst, 3),
            lease_until=visit.lease_until,
            on_demand=on_demand,
            patience_seconds=0,
            visit=visit,
        )

    def admit(self, *visits: Visit) -> list[Admission]:
        return self.ask(*map(self.wish, visits))

    def ask(self, *wishes: Wish) -> list[Admission]:
        while True:
            try:
                return self._limits.admit(wishes)
            except StoreBusy:
                continue

    def settle(self, visit: Visit, *, weight: int, refused: int = 0) -> None:
        seen = [Seen(address, weight, refused) for address in visit.worst]
        with self.store.installation.database.write() as session:
            settle(session, [Settlement(visit.claim_id, visit.visitor, seen)], self.store.clock.now)

    def knock(self, weight: int, **given: object) -> None:
        """Be admitted, and cost so much."""
        visit = self.visit(**given)  # type: ignore[arg-type]
        (admission,) = self.admit(visit)
        assert admission.granted
        self.settle(visit, weight=weight)

    def stood(self) -> int:
        return self._limits.knocks_before([ADDRESS])[0]

    def standing(self) -> list[Knock]:
        with self.store.installation.database.read() as session:
            return list(Knocks(session).at([ADDRESS, OTHER], self.store.clock.now - timedelta(days=1)))


@pytest.fixture
def worker(store: Store) -> Worker:
    return Worker(store)


def test_what_was_proven_leaves_nothing(worker: Worker) -> None:
    visit = worker.visit()
    assert worker.admit(visit)[0].granted
    assert [knock.weight for knock in worker.standing()] == [WORST]
    worker.settle(visit, weight=0)
    assert worker.standing() == []


def test_what_is_settled_twice_counts_once(worker: Worker) -> None:
    visit = worker.visit()
    worker.admit(visit)
    for _ in range(2):
        worker.settle(visit, weight=3, refused=1)
    assert [(knock.weight, knock.refused) for knock in worker.standing()] == [(3, 1)]


def test_what_a_crash_left_stands_whole(worker: Worker) -> None:
    worker.admit(worker.visit(user="bob"))
    (waits,) = worker.admit(worker.visit())
    assert (waits.granted, waits.hold) == (False, BUSY)
    worker.store.clock.advance(21)  # the worker is gone
    worker.knock(0)
    worker.knock(2)
    (rests,) = worker.admit(worker.visit())
    assert not rests.granted
    assert rests.hold is not None
    assert rests.hold.resting_until == worker.store.clock.now + timedelta(seconds=600 - 21)


def test_who_is_proven_neither_waits_nor_reserves(worker: Worker) -> None:
    worker.knock(6, user="bob")
    assert worker.admit(worker.visit(proven=True))[0].granted
    assert len(worker.standing()) == 1


def test_whom_others_keep_back_is_put_behind_the_last_of_his_own_by_what_a_run_takes(worker: Worker) -> None:
    """Who stands in his process's line has his place, and looks again soon; he lengthens nobody's wait."""
    assert worker.admit(worker.visit())[0].granted
    wish = replace(worker.wish(worker.visit(), on_demand=False), turn_seconds=2.0)
    waits = [worker.ask(wish)[0].wait_seconds for _ in range(2)]
    in_line = worker.ask(replace(wish, in_line=True, behind_seconds=1.0))[0].wait_seconds
    behind_all = worker.ask(replace(wish, behind_seconds=9.0))[0].wait_seconds
    others = worker.ask(replace(wish, environment_id=RIVAL))[0].wait_seconds
    assert [*waits, in_line, behind_all, others] == pytest.approx([2, 4, 1, 9, 4], abs=0.1)


def test_an_address_does_not_wait_for_another(worker: Worker) -> None:
    worker.knock(6)
    assert worker.admit(worker.visit(at=[OTHER]))[0].granted
    assert not worker.admit(worker.visit(at=[ADDRESS, OTHER]))[0].granted


def test_of_workers_at_once_one_is_let_through(store: Store) -> None:
    workers = [Worker(store) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda each: each.admit(each.visit(user=str(id(each)))), workers))
    assert sorted(answer.granted for (answer,) in answers) == [False, False, True]


def test_whoever_has_used_less_goes_first(worker: Worker) -> None:
    worker.knock(6)
    for by in (ACME, RIVAL):
        assert not worker.admit(worker.visit(by=by))[0].granted
    worker.store.clock.advance(601)
    (first, second) = worker.admit(worker.visit(by=ACME), worker.visit(by=RIVAL))
    assert (first.granted, first.hold, second.granted) == (False, BUSY, True)


def test_a_turn_that_nobody_takes_is_lost(worker: Worker) -> None:
    worker.knock(6)
    worker.admit(worker.visit(by=RIVAL))
    worker.store.clock.advance(601)
    assert not worker.admit(worker.visit(by=ACME))[0].granted
    worker.store.clock.advance(31)
    assert worker.admit(worker.visit(by=ACME))[0].granted


def test_no_limit_lets_all_through_and_guesses_count_all_the_same(store: Store) -> None:
    worker = Worker(store, KnockRules(None))
    for _ in range(3):
        visit = worker.visit()
        assert worker.admit(visit)[0].granted
        worker.settle(visit, weight=40, refused=1)
    assert worker.admit(worker.visit(user="bob"))[0].granted
    (held,) = worker.admit(worker.visit())
    assert held.hold is not None
    assert held.hold.frozen_until == store.clock.now + timedelta(minutes=15)


def test_an_address_bears_more_where_more_environments_have_a_proven_account(store: Store) -> None:
    watch = HealthWatch(store)
    # Neither a second account of an environment's, nor one that is refused since or was proven before an edit, counts.
    trunks = [watch.verified(PROVEN), watch.verified(PROVEN, username="second")]
    watches = [another_environment(watch, f"tenant {number}") for number in range(22)]
    trunks += [each.verified(PROVEN) for each in watches]
    watches[0].verify(trunks[2], REFUSED)
    watches[1].store.edit(trunks[3].id)
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    (claim, *_) = claims = watch.claim()
    watch.settle(claims, alive=True)
    book = KnockBook(KnockRules())
    with store.installation.database.read() as session:
        grown = book.grown(Knocks(session), address_of(claim), store.clock.now)
        elsewhere = book.grown(Knocks(session), ADDRESS, store.clock.now)
    assert (grown, elsewhere) == (SHIPPED.grown(21), SHIPPED)
    assert grown == KnockLimits(9, 45, 120)


def test_what_had_no_answer_is_no_sign_of_a_ban(worker: Worker) -> None:
    for user, seen in {
        "silent": Seen(ADDRESS, weight=2, silent=2),
        "refused": Seen(ADDRESS, weight=3, refused=1),
    }.items():
        visit = worker.visit(user=user)
        worker.admit(visit)
        with worker.store.installation.database.write() as session:
            settle(session, [Settlement(visit.claim_id, visit.visitor, [seen])], worker.store.clock.now)
    assert sum(knock.weight for knock in worker.standing()) == 5  # a guard may have counted them all the same
    assert worker.stood() == 3
    worker.admit(worker.visit(user="lost"))
    assert worker.stood() == 3
    worker.store.clock.advance(21)
    assert worker.stood() == 3 + WORST


def test_what_the_operators_names_lead_to_has_limits_of_its_own(store: Store) -> None:
    wide = KnockLimits(60, 300, 800)
    worker = Worker(store, KnockRules(SHIPPED, {"carrier.example": wide, "other.example": None}))
    assert worker.book.limits(ADDRESS) == SHIPPED
    worker.book.lead({"carrier.example": [ADDRESS], "other.example": [ADDRESS, OTHER]})
    assert (worker.book.limits(ADDRESS), worker.book.limits(OTHER)) == (wide, None)
    worker.book.exempt([ADDRESS])
    assert worker.book.limits(ADDRESS) is None
