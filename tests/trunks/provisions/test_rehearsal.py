"""What an upgrade would change on the infrastructure is shown before it is let."""

import pytest
from livekit.protocol.sip import SIPInboundTrunkInfo, SIPOutboundTrunkInfo
from sqlalchemy import update

from tests.trunks.forms import PASSWORD
from tests.trunks.provisions.installed import Installed
from trunks.models.provision import Provision
from trunks.models.trunk import Trunk
from trunks.provisions.rehearsal import PlannedSide
from trunks.voice.sides import SideIds


async def former(installed: Installed, count: int) -> dict[Trunk, SideIds]:
    """Make trunks whose sides stand as a former version left them."""
    made = {}
    for number in range(count):
        trunk = installed.make_trunk(f"+1415555{number:04}", name=f"Trunk {number}")
        made[trunk] = await installed.work(trunk)
    for side in sides(installed):
        side.ClearField("media")
    with installed.store.installation.database.write() as session:
        session.execute(update(Provision).values(keeps_former=True))
    return made


def sides(installed: Installed) -> list[SIPInboundTrunkInfo | SIPOutboundTrunkInfo]:
    return [*installed.server.inbound.values(), *installed.server.outbound.values()]


async def plan(installed: Installed) -> list[PlannedSide]:
    return list(installed.store.installation.provisions.rehearsal.plan(await installed.existing()))


async def test_former_sides_are_planned_and_written_after_the_word_alone(installed: Installed) -> None:
    made = await former(installed, 3)
    calls = len(installed.server.changes())
    planned = await plan(installed)
    assert {each.side_id for each in planned} == {side for ids in made.values() for side in ids.known}
    assert {each.fields for each in planned} == {
        (
            (
                "media",
                "encryption disable, its own codecs",
                "encryption disable, PCMU/8000, PCMA/8000 alone",
            ),
        )
    }
    assert all(each.held for each in planned)
    assert (await installed.judge()).found == ()
    assert len(installed.server.changes()) == calls
    rehearsal = installed.store.installation.provisions.rehearsal
    assert rehearsal.apply(installed.store.caller.environment_id) == 3
    assert rehearsal.apply() == 0
    for trunk, ids in made.items():
        assert await installed.work(trunk) == ids
    assert await plan(installed) == []
    assert [len(side.media.codecs) for side in sides(installed)] == [2] * 6


async def test_a_plan_names_what_differs_and_no_secret(installed: Installed) -> None:
    trunk = installed.make_trunk()
    await installed.work(trunk)
    assert await plan(installed) == []
    (inbound,), (outbound,) = installed.server.inbound.values(), installed.server.outbound.values()
    inbound.auth_password = "by hand"
    outbound.headers["route"] = "<sip:a;lr>"
    outbound.address = "elsewhere.example"
    planned = await plan(installed)
    assert {each.side: each.fields for each in planned} == {
        "inbound": (("auth_password", None, None),),
        "outbound": (
            ("address", "elsewhere.example", "sip.carrier.example:5060"),
            ("route", "<sip:a;lr>", "none"),
        ),
    }
    assert PASSWORD not in repr(planned)
    assert "by hand" not in repr(planned)
    installed.server.outbound.clear()
    (_, missing) = await plan(installed)
    assert (missing.side, missing.side_id, missing.fields) == (
        "outbound",
        None,
        (("side", "absent", "made"),),
    )
    assert not missing.held


async def test_another_environment_is_not_touched(installed: Installed) -> None:
    await former(installed, 1)
    tenants = installed.store.installation.tenancy.tenants
    tenants.create_environment("other")
    other = tenants.named("other").environment_id
    rehearsal = installed.store.installation.provisions.rehearsal
    assert list(rehearsal.plan(await installed.existing(), other)) == []
    assert rehearsal.apply(other) == 0
    assert len(await plan(installed)) == 2


@pytest.mark.long
@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_a_thousand_former_trunks_keep_their_sides(installed: Installed) -> None:
    made = await former(installed, 1000)
    calls = len(installed.server.changes())
    assert (await installed.judge()).found == ()
    planned = await plan(installed)
    assert {each.side_id for each in planned} == {side for ids in made.values() for side in ids.known}
    assert len(installed.server.changes()) == calls
    assert installed.store.installation.provisions.rehearsal.apply() == 1000
    for trunk, ids in made.items():
        assert await installed.work(trunk) == ids
    assert await plan(installed) == []
