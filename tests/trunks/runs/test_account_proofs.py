"""Where an account counts as proven: from a proof until an edit, a rejection or the trunk's end, on both engines."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.model import Report
from tests.trunks.forms import Store, make_report
from tests.trunks.health_watch import ALIVE, SILENT, HealthWatch
from trunks.catalog.new_trunk import NewGateway
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.models.account_proof import AccountProof
from trunks.models.trunk import Trunk
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.several_gateways import SeveralReport

PROVEN = make_report()
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
UNPROVEN = make_report(
    Outcome.REACHABLE, Reason.ALIVE_CREDENTIALS_UNPROVEN, credentials=CredentialState.UNPROVEN
)
FROZEN = make_report(Outcome.INCONCLUSIVE, Reason.CREDENTIALS_FROZEN, credentials=CredentialState.NOT_TESTED)


@pytest.fixture
def watch(store: Store) -> HealthWatch:
    return HealthWatch(store)


def claim_run(store: Store, trunk: Trunk) -> ClaimedRun:
    claim = store.claim(store.installation.runs.requests.request(store.caller, trunk.id))
    assert claim is not None
    return claim


def proven_at(store: Store, trunk: Trunk) -> frozenset[UUID]:
    """Where the next run finds the account proven."""
    claim = claim_run(store, trunk)
    store.put_off(claim, seconds=0)
    return claim.proven_at


def row(store: Store, trunk: Trunk) -> tuple[datetime | None, datetime | None, datetime]:
    with store.installation.database.read() as session:
        found = session.scalars(select(AccountProof).where(AccountProof.trunk_id == trunk.id)).one()
        return found.proven_at, found.refused_at, found.tried_at


def edit_password(store: Store, trunk: Trunk) -> None:
    store.installation.catalog.updates.apply(store.caller, trunk.id, TrunkEdit(password="another"))


def edit_back_and_forth(store: Store, trunk: Trunk) -> None:
    store.clock.advance(1)
    edited = store.installation.catalog.updates.apply(store.caller, trunk.id, TrunkEdit(password="another"))
    store.installation.catalog.updates.take_back(edited)


def describe(store: Store, trunk: Trunk) -> None:
    store.installation.catalog.updates.apply(store.caller, trunk.id, TrunkEdit(name="Renamed"))


def move_away_and_back(store: Store, trunk: Trunk) -> None:
    for port in (5070, 5060):
        store.installation.catalog.updates.apply(store.caller, trunk.id, TrunkEdit(port=port))


@pytest.mark.parametrize(
    ("afterwards", "stands"),
    [
        ([PROVEN], True),
        ([UNPROVEN], False),
        ([REJECTED], False),
        ([FROZEN], False),
        ([ALIVE], False),
        ([PROVEN, UNPROVEN], True),  # that the carrier did not ask this time takes nothing back
        ([PROVEN, SILENT], True),
        ([PROVEN, FROZEN], True),
        ([PROVEN, REJECTED], False),
        ([PROVEN, REJECTED, UNPROVEN], False),
        ([PROVEN, REJECTED, PROVEN], True),
        ([PROVEN, edit_password], False),
        ([PROVEN, edit_password, PROVEN], True),
        ([PROVEN, describe], True),
        ([PROVEN, move_away_and_back], False),
        ([PROVEN, edit_back_and_forth], True),
    ],
)
def test_an_account_is_proven_from_a_proof_until_an_edit_or_a_rejection(
    watch: HealthWatch, afterwards: Sequence[Report | Callable[[Store, Trunk], None]], stands: bool
) -> None:
    trunk = watch.store.make_trunk()
    for each in afterwards:
        if isinstance(each, Report):
            watch.verify(trunk, each)
        else:
            each(watch.store, trunk)
    expected = {watch.destination_of(trunk)} if stands else set()
    assert proven_at(watch.store, trunk) == expected


def test_a_result_for_an_older_configuration_proves_nothing(watch: HealthWatch) -> None:
    trunk = watch.store.make_trunk()
    claim = claim_run(watch.store, trunk)
    edit_password(watch.store, trunk)
    assert watch.store.finish(claim, PROVEN)
    assert proven_at(watch.store, trunk) == set()


def test_a_lost_claim_proves_nothing(watch: HealthWatch) -> None:
    trunk = watch.store.make_trunk()
    claim = claim_run(watch.store, trunk)
    watch.store.put_off(claim, seconds=0)
    assert not watch.store.finish(claim, PROVEN)
    assert proven_at(watch.store, trunk) == set()


def test_its_row_goes_with_the_trunk(watch: HealthWatch) -> None:
    trunk = watch.verified(PROVEN)
    watch.store.installation.catalog.trunks.remove(watch.store.caller, trunk.id)
    with watch.store.installation.database.read() as session:
        assert session.scalars(select(AccountProof)).all() == []


def test_each_turn_of_the_credentials_is_noted_beside_the_proof(watch: HealthWatch) -> None:
    trunk = watch.verified(PROVEN)
    first = watch.store.clock.now
    watch.store.clock.advance(60)
    watch.verify(trunk, UNPROVEN)
    second = watch.store.clock.now
    assert row(watch.store, trunk) == (first, None, second)
    watch.store.clock.advance(60)
    watch.verify(trunk, REJECTED)
    assert row(watch.store, trunk) == (first, watch.store.clock.now, watch.store.clock.now)


def make_two(store: Store, **given: object) -> Trunk:
    gateways = tuple(
        NewGateway(host=f"{name}.carrier.example", port=5060, priority=number)
        for number, name in enumerate(("a", "b"), 1)
    )
    return store.make_trunk(gateways=gateways, **given)


def several(*reports: Report, decides: int) -> Report:
    values = {name: getattr(reports[decides], name) for name in Report.__dataclass_fields__}
    return SeveralReport(**values, gateways=reports)


def test_of_several_gateways_the_one_is_proven_that_proved(watch: HealthWatch) -> None:
    trunk = make_two(watch.store)
    untested = replace(ALIVE, credentials=CredentialState.NOT_TESTED)
    watch.verify(trunk, several(SILENT, PROVEN, decides=1))
    assert proven_at(watch.store, trunk) == {trunk.gateways[1].destination_id}
    watch.verify(trunk, several(PROVEN, untested, decides=0))
    assert proven_at(watch.store, trunk) == {each.destination_id for each in trunk.gateways}
    watch.verify(trunk, several(REJECTED, untested, decides=0))
    assert proven_at(watch.store, trunk) == set()


def test_the_schedule_proves_where_it_is_longest_ago_and_a_customer_by_priority(watch: HealthWatch) -> None:
    trunk = make_two(watch.store)
    watch.verify(trunk, several(PROVEN, ALIVE, decides=0))
    orders = []
    for proves in (1, 0, 1):
        proof = next_proof(watch, trunk)
        orders.append(proof.proof_order)
        reports = [ALIVE, ALIVE]
        reports[proves] = PROVEN
        assert watch.store.finish(proof, several(*reports, decides=proves))
    assert orders == [(1, 0), (0, 1), (1, 0)]
    assert claim_run(watch.store, trunk).proof_order == ()


def next_proof(watch: HealthWatch, trunk: Trunk) -> ClaimedRun:
    due_at = watch.store.trunk(trunk.id).next_proof_at
    assert due_at is not None
    watch.store.clock.advance((due_at - watch.store.clock.now).total_seconds())
    (verification_id,) = watch.store.installation.runs.proofs.tend()
    claim = watch.store.claim(verification_id)
    assert claim is not None
    return claim


def test_a_trunk_without_a_password_proves_nothing(watch: HealthWatch) -> None:
    watch.verified(ALIVE, username="alice", password=None)
    with watch.store.installation.database.read() as session:
        assert session.scalars(select(AccountProof)).all() == []
