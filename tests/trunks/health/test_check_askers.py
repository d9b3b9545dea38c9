"""Who asks at a destination, by what was proven there and by whom, on both engines."""

from collections.abc import Callable

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import Store, make_report
from tests.trunks.health_watch import ALIVE, LONG_ENOUGH_SECONDS, HealthWatch
from tests.trunks.runs.test_account_proofs import make_two, several
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.models.environment import Environment
from trunks.models.trunk import Trunk
from trunks.rules.asking import Asker

PROVEN = make_report()
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)


@pytest.fixture
def watch(store: Store) -> HealthWatch:
    return HealthWatch(store)


def another_environment(watch: HealthWatch, name: str, *, shares_asking: bool = True) -> HealthWatch:
    """Give the same installation to a second tenant."""
    tenants = watch.store.installation.tenancy.tenants
    tenants.create_environment(name, shares_asking=shares_asking)
    caller = tenants.authenticate(tenants.create_token(name))
    assert caller is not None
    store = object.__new__(Store)
    vars(store).update(vars(watch.store) | {"caller": caller})
    return HealthWatch(store)


def shares_no_more(watch: HealthWatch) -> None:
    with watch.store.installation.database.write() as session:
        for environment in session.query(Environment):
            environment.shares_asking = False


def next_askers(watch: HealthWatch, *, checks: int = 1) -> list[tuple[str, bool] | None]:
    """Who asks in the next checks of the one destination there is: user, and whether proven there."""
    found: list[tuple[str, bool] | None] = []
    for _ in range(checks):
        (claim,) = watch.cycle(alive=True)
        found.append(None if claim.asker is None else (claim.asker.username, claim.asker.proven_here))
    return found


def test_the_accounts_that_were_proven_there_ask_in_turn_the_last_five(watch: HealthWatch) -> None:
    for number in range(7):
        watch.store.clock.advance(1)
        watch.verified(PROVEN, username=f"user{number}")
    asked = next_askers(watch, checks=10)
    assert sorted(asked, key=str) == [(f"user{number}", True) for number in range(2, 7) for _ in range(2)]
    assert len(set(asked[:5])) == 5


def edited(watch: HealthWatch, trunk: Trunk) -> None:
    watch.store.installation.catalog.updates.apply(
        watch.store.caller, trunk.id, TrunkEdit(password="another")
    )


def edited_and_alive(watch: HealthWatch, trunk: Trunk) -> None:
    edited(watch, trunk)
    watch.verify(trunk, ALIVE)


def rejected(watch: HealthWatch, trunk: Trunk) -> None:
    watch.verify(trunk, REJECTED)


def renamed_and_rejected(watch: HealthWatch, trunk: Trunk) -> None:
    watch.store.installation.catalog.updates.apply(watch.store.caller, trunk.id, TrunkEdit(username="typo"))
    watch.verify(trunk, REJECTED)


def removed(watch: HealthWatch, trunk: Trunk) -> None:
    watch.store.installation.catalog.trunks.remove(watch.store.caller, trunk.id)


def without_checks(watch: HealthWatch, trunk: Trunk) -> None:
    watch.store.installation.catalog.updates.apply(
        watch.store.caller, trunk.id, TrunkEdit(health_interval_seconds=0.0)
    )


@pytest.mark.parametrize(
    ("afterwards", "asks"),
    [
        (None, ("alice", True)),
        (edited, None),
        (edited_and_alive, None),
        (rejected, ("alice", False)),  # the password is wrong, and the user was known
        (renamed_and_rejected, None),
        (removed, None),
        (without_checks, None),
    ],
)
def test_an_account_asks_as_long_as_its_proof_stands(
    watch: HealthWatch,
    afterwards: Callable[[HealthWatch, Trunk], None] | None,
    asks: tuple[str, bool] | None,
) -> None:
    watch.verified(ALIVE, username=None, password=None)
    trunk = watch.verified(PROVEN)
    if afterwards is not None:
        afterwards(watch, trunk)
    assert next_askers(watch) == [asks]


def test_at_a_gateway_where_nothing_was_proven_the_trunk_asks_as_it_is_known_elsewhere(
    watch: HealthWatch,
) -> None:
    trunk = make_two(watch.store, wanted=True)
    watch.verify(trunk, several(PROVEN, ALIVE, decides=0))
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    asked: dict[str, Asker | None] = {claim.domain: claim.asker for claim in watch.claim()}
    assert {domain: None if each is None else each.proven_here for domain, each in asked.items()} == {
        "a.carrier.example": True,
        "b.carrier.example": False,
    }


def test_a_longer_interval_of_its_own_bounds_how_often_a_name_is_used(watch: HealthWatch) -> None:
    watch.verified(ALIVE, username=None, password=None)
    watch.verified(PROVEN, health_interval_seconds=600.0)
    asked = next_askers(watch, checks=20)
    assert 2 <= asked.count(("alice", True)) <= 3
    assert asked.count(None) == 20 - asked.count(("alice", True))


def test_environments_lend_their_accounts_to_one_another_unless_they_were_made_not_to(
    watch: HealthWatch,
) -> None:
    own = another_environment(watch, "on its own", shares_asking=False)
    own.verified(PROVEN, username="bob")
    assert next_askers(watch) == [("bob", True)]  # nobody else leads there
    watch.verified(ALIVE, username=None, password=None)
    assert next_askers(watch) == [None]
    watch.verified(PROVEN, username="alice")
    assert next_askers(watch, checks=2) == [("alice", True)] * 2
    shares_no_more(watch)
    assert next_askers(watch) == [None]


def test_a_trunk_without_checks_asks_for_itself_alone_when_somebody_asks(watch: HealthWatch) -> None:
    trunk = watch.verified(PROVEN, health_interval_seconds=0.0)
    latest = watch.store.installation.health.latest
    latest.ask([watch.destination_of(trunk)])
    (claim,) = watch.claim()
    assert (claim.counts, claim.asker is not None) == (False, True)
    watch.settle([claim], alive=True)
    another_environment(watch, "another").verified(ALIVE, username=None, password=None)
    latest.ask([watch.destination_of(trunk)])
    (claim,) = watch.claim()
    assert claim.asker is None
