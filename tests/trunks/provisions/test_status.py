"""Provisions in the store: asked for, claimed, ended, on both engines."""

from collections.abc import Callable
from uuid import UUID

import pytest

from tests.trunks.forms import PASSWORD, Store
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.installation.settings import Settings
from trunks.models.provision import ProvisionState
from trunks.models.trunk import Trunk
from trunks.provisions.claims import GIVEN_UP_LOOK_SECONDS, ProvisionClaim
from trunks.rules.profile import InboundAuthorization, TrunkProfile
from trunks.rules.trunk_state import Cause
from trunks.voice.provisioner import FailureCause, NumberHeld, ProvisionerName, ProvisioningFailed
from trunks.voice.sides import SideIds

IDS = SideIds("ST_in", "ST_out")
DOWN = ProvisioningFailed(FailureCause.DOWN, "LiveKit cannot be reached.")
BY_ADDRESS = TrunkProfile(authorization=InboundAuthorization.IP, allowed_addresses=("203.0.113.10",))


@pytest.fixture
def store(make_store: Callable[[Settings], Store], store_settings: Settings) -> Store:
    return make_store(store_settings.model_copy(update={"provisioner": ProvisionerName.LIVEKIT}))


@pytest.fixture
def trunk(store: Store) -> Trunk:
    trunk = store.make_trunk(wanted=True)
    store.installation.catalog.numbers.add(store.caller, trunk.id, NewNumber(number="+14155551234"))
    return trunk


def claim(store: Store, trunk_id: UUID) -> ProvisionClaim:
    claimed = store.installation.provisions.claims.claim(trunk_id)
    assert claimed is not None
    return claimed


def provisioned(store: Store, trunk: Trunk) -> None:
    assert store.provision(trunk.id)
    assert store.installation.provisions.claims.finish(claim(store, trunk.id), IDS)


def activate(store: Store, trunk_id: UUID) -> None:
    with store.installation.database.write() as session:
        row = session.get_one(Trunk, trunk_id)
        row.wanted = row.is_verified = row.is_active = True


def test_what_was_asked_for_is_claimed_once_and_ends(store: Store, trunk: Trunk) -> None:
    provisioning, claims = store.installation.provisions.overview, store.installation.provisions.claims
    assert store.provision(trunk.id)
    assert provisioning.done_among([trunk.id]) == set()
    claimed = claim(store, trunk.id)
    assert claims.claim(trunk.id) is None
    assert claimed.blueprint is not None
    assert claimed.blueprint.numbers == ("+14155551234",)
    assert claims.finish(claimed, IDS)
    assert provisioning.done_among([trunk.id]) == {trunk.id}
    view = provisioning.view(trunk.id)
    assert view is not None
    assert (view.succeeded, view.state) == (True, ProvisionState.PROVISIONED)
    assert (view.inbound_id, view.outbound_id) == ("ST_in", "ST_out")
    (flip,) = store.flips(trunk.id)
    assert (flip.cause, flip.changes) == (Cause.PROVISIONING, {"provisioning": ["absent", "provisioned"]})


def test_a_failure_is_told_once_and_its_cause_kept(store: Store, trunk: Trunk) -> None:
    claims = store.installation.provisions.claims
    for _ in range(2):
        store.provision(trunk.id)
        assert claims.fail(claim(store, trunk.id), DOWN)
    view = store.installation.provisions.overview.view(trunk.id)
    assert view is not None
    assert (view.succeeded, view.state, view.cause) == (False, ProvisionState.FAILED, FailureCause.DOWN)
    (flip,) = store.flips(trunk.id)
    assert flip.changes == {
        "provisioning": ["absent", "failed"],
        "provisioning_error": [None, DOWN.told],
    }


def test_a_failed_change_keeps_the_ids(store: Store, trunk: Trunk) -> None:
    provisioned(store, trunk)
    store.provision_changes(trunk.id)
    again = claim(store, trunk.id)
    assert again.known == IDS
    store.installation.provisions.claims.fail(again, DOWN)
    view = store.installation.provisions.overview.view(trunk.id)
    assert view is not None
    assert (view.inbound_id, view.outbound_id) == ("ST_in", "ST_out")


def test_what_is_asked_while_work_runs_is_followed_by_more(store: Store, trunk: Trunk) -> None:
    provisioning, claims = store.installation.provisions.overview, store.installation.provisions.claims
    store.provision(trunk.id)
    first = claim(store, trunk.id)
    store.provision_changes(trunk.id)
    assert not claims.finish(first, IDS)
    assert provisioning.done_among([trunk.id]) == set()
    second = claim(store, trunk.id)
    assert second.known == IDS
    assert claims.finish(second, IDS)
    assert provisioning.done_among([trunk.id]) == {trunk.id}


def test_work_whose_worker_is_gone_is_taken_over_and_its_late_word_ignored(
    store: Store, trunk: Trunk
) -> None:
    claims = store.installation.provisions.claims
    store.provision(trunk.id)
    lost = claim(store, trunk.id)
    store.clock.advance(31)
    assert claims.tend().reclaimed == ()
    store.clock.advance(2)
    tended = claims.tend()
    assert tended.reclaimed == tended.to_ring == (trunk.id,)
    again = claim(store, trunk.id)
    assert not claims.finish(lost, SideIds("ST_late", None))
    assert claims.finish(again, IDS)


def test_work_that_is_given_back_is_anyones_at_once(store: Store, trunk: Trunk) -> None:
    store.provision(trunk.id)
    store.installation.provisions.claims.release(claim(store, trunk.id))
    assert claim(store, trunk.id).known == SideIds()


def test_what_nobody_came_for_is_rung_again_each_five_seconds(store: Store, trunk: Trunk) -> None:
    claims = store.installation.provisions.claims
    store.provision(trunk.id)
    assert claims.tend().to_ring == ()
    for _ in range(2):
        store.clock.advance(5)
        assert claims.tend().to_ring == (trunk.id,)
        assert claims.tend().to_ring == ()


def test_a_trunk_is_provisioned_when_it_first_becomes_active(store: Store, trunk: Trunk) -> None:
    assert not store.provision_changes(trunk.id)
    assert store.installation.provisions.claims.tend().to_ring == ()
    activate(store, trunk.id)
    assert store.installation.provisions.claims.tend().to_ring == (trunk.id,)
    assert claim(store, trunk.id).blueprint is not None
    assert store.installation.provisions.claims.tend().to_ring == ()


def test_a_profile_waits_until_the_trunk_becomes_active(store: Store) -> None:
    trunk = store.make_trunk(wanted=True, profile=BY_ADDRESS)
    assert store.installation.provisions.claims.claim(trunk.id) is None
    assert not store.provision_changes(trunk.id)
    activate(store, trunk.id)
    assert store.installation.provisions.claims.tend().to_ring == (trunk.id,)
    blueprint = claim(store, trunk.id).blueprint
    assert blueprint is not None
    assert blueprint.profile == BY_ADDRESS


def test_a_changed_profile_of_a_provisioned_trunk_is_work(store: Store, trunk: Trunk) -> None:
    provisioned(store, trunk)
    changed = {"authorization": InboundAuthorization.IP, "allowed_addresses": ("203.0.113.10",)}
    assert store.installation.catalog.updates.apply(
        store.caller, trunk.id, TrunkEdit(profile=changed)
    ).provisioning
    blueprint = claim(store, trunk.id).blueprint
    assert blueprint is not None
    assert blueprint.profile == BY_ADDRESS


def test_an_extension_stands_in_place_of_the_numbers(store: Store) -> None:
    trunk = store.make_trunk(wanted=True, profile=TrunkProfile(extension="1001"))
    store.provision(trunk.id)
    blueprint = claim(store, trunk.id).blueprint
    assert blueprint is not None
    assert blueprint.numbers == ("1001",)


def test_the_customers_switch_takes_it_away_and_health_does_not(store: Store, trunk: Trunk) -> None:
    provisioned(store, trunk)
    with store.installation.database.write() as session:
        row = session.get_one(Trunk, trunk.id)
        row.is_verified, row.health_down, row.is_active = True, True, False
    store.provision_changes(trunk.id)
    down = claim(store, trunk.id)
    assert down.blueprint is not None
    store.installation.provisions.claims.finish(down, IDS)
    with store.installation.database.write() as session:
        session.get_one(Trunk, trunk.id).wanted = False
    store.provision_changes(trunk.id)
    off = claim(store, trunk.id)
    assert (off.blueprint, off.known) == (None, IDS)
    store.installation.provisions.claims.finish(off, SideIds())
    view = store.installation.provisions.overview.view(trunk.id)
    assert view is not None
    assert (view.state, view.inbound_id) == (ProvisionState.ABSENT, None)


def test_a_removed_trunk_takes_its_sides_along_and_leaves_no_row(store: Store, trunk: Trunk) -> None:
    provisioned(store, trunk)
    store.installation.catalog.trunks.remove(store.caller, trunk.id, with_numbers=True)
    gone = claim(store, trunk.id)
    assert (gone.blueprint, gone.known) == (None, IDS)
    assert store.installation.provisions.claims.finish(gone, SideIds())
    assert store.installation.provisions.overview.view(trunk.id) is None
    assert store.installation.provisions.overview.done_among([trunk.id]) == {trunk.id}


def test_a_removal_that_fails_is_not_forgotten(store: Store, trunk: Trunk) -> None:
    provisioned(store, trunk)
    store.installation.catalog.trunks.remove(store.caller, trunk.id, with_numbers=True)
    assert store.installation.provisions.claims.fail(claim(store, trunk.id), DOWN)
    view = store.installation.provisions.overview.view(trunk.id)
    assert view is not None
    assert (view.state, view.inbound_id) == (ProvisionState.FAILED, "ST_in")


def test_an_infrastructures_odd_words_can_be_stored(store: Store, trunk: Trunk) -> None:
    store.provision(trunk.id)
    odd = ProvisioningFailed(FailureCause.UNFIT, "It said \x00 and \udcff." + "x" * 5000)
    assert store.installation.provisions.claims.fail(claim(store, trunk.id), odd)
    view = store.installation.provisions.overview.view(trunk.id)
    assert view is not None
    assert view.error is not None
    assert view.error.startswith("It said  and ?.x")


def test_nothing_is_asked_where_nothing_provisions(
    make_store: Callable[[Settings], Store], store_settings: Settings
) -> None:
    store = make_store(store_settings)
    trunk = store.make_trunk(wanted=True)
    provisioning = store.installation.provisions.overview
    assert provisioning.off
    assert not store.provision(trunk.id)
    assert not store.provision_changes(trunk.id)
    activate(store, trunk.id)
    assert store.installation.provisions.claims.tend().to_ring == ()
    assert provisioning.view(trunk.id) is None


def holder(store: Store, *, number: str) -> Trunk:
    """Enter a trunk whose sides stand, with this number."""
    trunk = store.make_trunk(wanted=True, name="Holder")
    store.installation.catalog.numbers.add(store.caller, trunk.id, NewNumber(number=number))
    provisioned(store, trunk)
    return trunk


def give_up(store: Store, trunk: Trunk) -> None:
    numbers = store.installation.catalog.numbers
    (number,) = numbers.page(store.caller, trunk.id, limit=2)
    numbers.remove(store.caller, trunk.id, number.id)


def switch_off(store: Store, trunk: Trunk) -> None:
    store.installation.catalog.updates.apply(store.caller, trunk.id, TrunkEdit(wanted=False))


def take_calls_no_more(store: Store, trunk: Trunk) -> None:
    edit = TrunkEdit(profile={"inbound_enabled": False})
    store.installation.catalog.updates.apply(store.caller, trunk.id, edit)


def be_removed(store: Store, trunk: Trunk) -> None:
    store.installation.catalog.trunks.remove(store.caller, trunk.id, with_numbers=True)


def be_renamed(store: Store, trunk: Trunk) -> None:
    store.installation.catalog.updates.apply(store.caller, trunk.id, TrunkEdit(name="Other"))


@pytest.mark.parametrize(
    ("happens", "is_put_off"),
    [
        (give_up, True),
        (switch_off, True),
        (take_calls_no_more, True),
        (be_removed, True),
        (be_renamed, False),
    ],
)
def test_a_number_that_another_trunk_gives_up_is_waited_for(
    store: Store, trunk: Trunk, happens: Callable[[Store, Trunk], None], is_put_off: bool
) -> None:
    claims, held_by = store.installation.provisions.claims, holder(store, number="+14155559999")
    held = NumberHeld("It is taken.", number="14155559999", holder=held_by.id)
    happens(store, held_by)
    store.provision(trunk.id)
    waiting = claim(store, trunk.id)
    assert claims.is_given_up(waiting, held) is is_put_off
    claims.put_off(waiting, SideIds("ST_in"))
    assert store.installation.provisions.overview.done_among([trunk.id]) == set()
    # Found in a moment, if whoever put it off is gone.
    store.clock.advance(GIVEN_UP_LOOK_SECONDS)
    assert trunk.id in claims.tend().to_ring
    again = claim(store, trunk.id)
    assert again.known == SideIds("ST_in")
    if not is_put_off:
        return
    # For as long as that trunk is worked on, and no longer.
    store.clock.advance(3600)
    assert claims.is_given_up(again, held)
    last = claim(store, held_by.id)
    assert claims.finish(last, SideIds("ST_in" if last.blueprint else None))
    assert not claims.is_given_up(again, held)
    assert claims.fail(again, held)


def test_what_touches_no_side_is_no_work(store: Store, trunk: Trunk) -> None:
    provisioned(store, trunk)
    for change in (
        {},
        {"name": "Other", "provider_name": "carrier-y", "health_interval_seconds": 60.0},
        {"profile": {"nickname": "Other", "country_code": "DE", "calling_format": "national"}},
        {"password": PASSWORD},
    ):
        assert not store.installation.catalog.updates.apply(
            store.caller, trunk.id, TrunkEdit(**change)
        ).provisioning
        assert store.installation.provisions.overview.done_among([trunk.id]) == {trunk.id}
    assert store.installation.catalog.updates.apply(
        store.caller, trunk.id, TrunkEdit(password="another")
    ).provisioning
