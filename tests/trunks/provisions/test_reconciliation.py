"""What exists on LiveKit against what should: found, mended where it is ours, told where it is not."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.peers.livekit.server import LiveKitServer
from tests.trunks.forms import STARTED, Store
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import Installed
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.ids import new_id
from trunks.installation.settings import Settings
from trunks.models.provision import Provision, ProvisionState
from trunks.models.trunk import Trunk
from trunks.provisions.reconciliation import Judgement, SideFinding
from trunks.voice.provision_trunk import provision
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
from trunks.voice.sides import SideIds, SideOwner


def kinds(judgement: Judgement) -> list[SideFinding]:
    return [each.finding for each in judgement.found]


async def test_nothing_is_found_where_all_is_as_it_should_be(installed: Installed) -> None:
    installed.server.add_inbound(numbers=["+4930123456"])
    await installed.work(installed.make_trunk())
    assert (await installed.judge()).found == ()


@pytest.mark.parametrize("side", ["inbound", "outbound"])
async def test_a_missing_side_is_found_and_made_again(installed: Installed, side: str) -> None:
    trunk = installed.make_trunk()
    await installed.work(trunk)
    getattr(installed.server, side).clear()
    judgement = await installed.judge()
    assert kinds(judgement) == [SideFinding.MISSING]
    assert installed.reconciliation.fix(judgement) == (trunk.id,)
    await installed.work(trunk)
    assert (await installed.judge()).found == ()


async def test_a_changed_side_is_found_and_put_right(installed: Installed) -> None:
    trunk = installed.make_trunk()
    ids = await installed.work(trunk)
    assert ids.inbound is not None
    installed.server.inbound[ids.inbound].auth_password = "by hand"
    judgement = await installed.judge()
    assert kinds(judgement) == [SideFinding.CHANGED]
    installed.reconciliation.fix(judgement)
    installed.server.calls.clear()
    assert await installed.work(trunk) == ids
    assert installed.server.changes() == ["UpdateSIPInboundTrunk"]


async def test_media_that_somebody_changed_is_put_right_in_place(installed: Installed) -> None:
    trunk = installed.make_trunk()
    ids = await installed.work(trunk)
    media = installed.server.outbound[ids.outbound or ""].media
    assert [codec.name for codec in media.codecs] == ["PCMU", "PCMA"]
    del media.codecs[:]
    judgement = await installed.judge()
    assert kinds(judgement) == [SideFinding.CHANGED]
    installed.reconciliation.fix(judgement)
    assert await installed.work(trunk) == ids
    assert (await installed.judge()).found == ()


async def test_media_that_is_lost_is_told_once_and_not_mended(
    make_store: Callable[[Settings], Store], store_settings: Settings
) -> None:
    with LiveKitServer(unknown_fields=["media"]) as server:
        installed = Installed(make_store(with_livekit(store_settings, server)), server)
        await installed.work(installed.make_trunk())
        assert kinds(await installed.judge()) == [SideFinding.CHANGED, SideFinding.CHANGED]
        assert installed.reconciliation.note_media(kept=False)
        assert not installed.reconciliation.note_media(kept=False)
        assert (await installed.judge()).found == ()
        for side in server.inbound.values():
            side.auth_password = "by hand"
        assert kinds(await installed.judge()) == [SideFinding.CHANGED]
        # A later version keeps it.
        assert installed.reconciliation.note_media(kept=True)
        assert len((await installed.judge()).found) == 2


async def test_sides_of_a_former_version_keep_their_media_until_an_edit(installed: Installed) -> None:
    trunk = installed.make_trunk()
    ids = await installed.work(trunk)
    with installed.store.installation.database.write() as session:
        session.execute(update(Provision).values(keeps_former=True))
    for side in (*installed.server.inbound.values(), *installed.server.outbound.values()):
        side.ClearField("media")
    assert (await installed.judge()).found == ()
    # What is mended else leaves it alone too.
    installed.server.inbound[ids.inbound or ""].auth_password = "by hand"
    judgement = await installed.judge()
    assert kinds(judgement) == [SideFinding.CHANGED]
    installed.reconciliation.fix(judgement)
    await installed.work(trunk)
    assert (await installed.judge()).found == ()
    assert not any(side.media.codecs for side in installed.server.inbound.values())
    updates = installed.store.installation.catalog.updates
    assert not updates.apply(installed.store.caller, trunk.id, TrunkEdit(name="Another")).provisioning
    assert updates.apply(installed.store.caller, trunk.id, TrunkEdit(profile={"allow": "alaw"})).provisioning
    assert await installed.work(trunk) == ids
    (inbound,), (outbound,) = installed.server.inbound.values(), installed.server.outbound.values()
    for media in (inbound.media, outbound.media):
        assert [codec.name for codec in media.codecs] == ["PCMA"]


async def test_an_edit_that_nobody_told_of_is_found(installed: Installed) -> None:
    trunk = installed.make_trunk()
    await installed.work(trunk)
    with installed.store.installation.database.write() as session:
        session.get_one(Trunk, trunk.id).gateways[0].host = "sip.other.example"
    assert kinds(await installed.judge()) == [SideFinding.CHANGED]


async def test_sides_of_a_trunk_that_is_not_there_are_orphaned(installed: Installed) -> None:
    trunk = installed.make_trunk()
    ids = await installed.work(trunk)
    with installed.store.installation.database.write() as session:
        session.execute(Trunk.__table__.delete())
    judgement = await installed.judge()
    assert kinds(judgement) == [SideFinding.ORPHANED, SideFinding.ORPHANED]
    assert judgement.to_fix == {trunk.id}
    installed.reconciliation.fix(judgement)
    await installed.work(trunk)
    assert installed.server.inbound.keys() | installed.server.outbound.keys() == set()
    assert ids.known
    assert installed.store.installation.provisions.overview.view(trunk.id) is None


async def test_sides_that_no_row_knows_are_told_and_deleted_where_they_were_given_up(
    installed: Installed,
) -> None:
    theirs = installed.server.add_inbound(
        numbers=["+4930123456"], metadata='{"trunkd_installation": "other"}'
    )
    trunk = installed.make_trunk()
    claim = installed.store.installation.provisions.claims.claim(trunk.id)
    assert claim is not None
    assert claim.blueprint is not None
    desired = claim.blueprint.desired(installed.store.installation.secrets)
    assert desired.inbound is not None
    livekit = installed.livekit()
    left = await livekit.create(SideOwner(new_id()), desired.inbound)
    await livekit.close()
    judgement = await installed.judge()
    (found,) = judgement.found
    assert (found.finding, found.side_id, judgement.to_delete) == (SideFinding.UNKNOWN, left, ())
    installed.store.installation.provisions.given_up.give_up(left, trunk.id)
    judgement = await installed.judge()
    assert (kinds(judgement), judgement.to_delete) == ([SideFinding.ORPHANED], (left,))
    assert theirs not in judgement.to_delete


async def test_a_side_of_a_later_request_is_told_and_not_changed(installed: Installed) -> None:
    trunk = installed.make_trunk()
    await installed.work(trunk)
    with installed.store.installation.database.write() as session:
        session.get_one(Trunk, trunk.id).gateways[0].host = "sip.other.example"
        session.execute(update(Provision).values(revision=0))
    judgement = await installed.judge()
    assert kinds(judgement) == [SideFinding.NEWER, SideFinding.NEWER]
    assert (judgement.to_fix, judgement.to_delete) == (frozenset(), ())


async def test_what_is_being_worked_on_is_let_alone(installed: Installed) -> None:
    trunk = installed.make_trunk()
    claims = installed.store.installation.provisions.claims
    assert (await installed.judge()).found == ()
    claim = claims.claim(trunk.id)
    assert claim is not None
    assert claim.blueprint is not None
    livekit = installed.livekit()
    await provision(livekit, claim.blueprint.desired(installed.store.installation.secrets), SideIds())
    await livekit.close()
    judgement = await installed.judge()
    assert (judgement.found, judgement.to_delete) == ((), ())


async def test_what_ended_while_all_was_read_is_left_to_the_next_cycle(installed: Installed) -> None:
    existing, read_at = await installed.existing(), installed.store.clock()
    await installed.work(installed.make_trunk())
    assert installed.reconciliation.judge(existing, read_at=read_at).found == ()
    assert (await installed.judge()).found == ()


async def test_what_failed_is_tried_again(installed: Installed) -> None:
    trunk = installed.make_trunk()
    claims = installed.store.installation.provisions.claims
    claim = claims.claim(trunk.id)
    assert claim is not None
    claims.fail(claim, ProvisioningFailed(FailureCause.DOWN, "down"))
    judgement = await installed.judge()
    assert kinds(judgement) == [SideFinding.FAILED]
    assert installed.reconciliation.fix(judgement) == (trunk.id,)
    await installed.work(trunk)
    view = installed.store.installation.provisions.overview.view(trunk.id)
    assert view is not None
    assert (view.state, view.error) == (ProvisionState.PROVISIONED, None)


async def test_what_cannot_be_provisioned_is_told_and_not_tried(installed: Installed) -> None:
    trunk = installed.make_trunk()
    await installed.work(trunk)
    with installed.store.installation.database.write() as session:
        session.get_one(Trunk, trunk.id).username = None
    judgement = await installed.judge()
    assert kinds(judgement) == [SideFinding.UNFIT]
    assert installed.reconciliation.fix(judgement) == ()


async def test_a_number_that_somebody_else_took_is_told(installed: Installed) -> None:
    ids = await installed.work(installed.make_trunk())
    # As LiveKit lets it be: limited to one caller, or spelled otherwise.
    theirs = installed.server.add_inbound(numbers=["14155551234"])
    (found,) = (await installed.judge()).found
    assert (found.finding, found.side_id) == (SideFinding.CONFLICT, theirs)
    assert found.message == f"has 14155551234, which {ids.inbound} has too"


async def test_one_worker_at_a_time_reconciles_once_an_interval(installed: Installed) -> None:
    reconciliation, clock = installed.reconciliation, installed.store.clock
    holder = reconciliation.claim(at_start=True)
    assert holder is not None
    assert reconciliation.claim(at_start=True) is None
    reconciliation.finish(holder)
    assert reconciliation.claim() is None
    clock.advance(299)
    assert reconciliation.claim() is None
    clock.advance(1)
    holder = reconciliation.claim()
    assert holder is not None
    # Its worker is gone, and comes back too late.
    clock.advance(121)
    other = reconciliation.claim()
    assert other is not None
    reconciliation.finish(holder)
    assert reconciliation.claim() is None


async def test_findings_are_counted_for_every_process(installed: Installed) -> None:
    await installed.work(installed.make_trunk())
    installed.server.inbound.clear()
    judgement = await installed.judge()
    for _ in range(2):
        holder = installed.reconciliation.claim(at_start=True)
        assert holder is not None
        installed.reconciliation.finish(holder, judgement.found)
    statistics = installed.store.installation.provisions.overview.statistics()
    assert statistics.findings == {"missing": 2}
    assert statistics.states == {ProvisionState.PROVISIONED: 1}
    assert statistics.reconciled_at == STARTED + timedelta(seconds=1)


async def test_the_mark_stays_for_ever(installed: Installed) -> None:
    assert installed.reconciliation.mark() == installed.mark
