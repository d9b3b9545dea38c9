"""Both sides or none: each failure point leaves things as they were, and a change touches what it touches."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from sipcheck.target import TransportName
from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from trunks.ids import new_id
from trunks.voice import provision_trunk as whole_trunk
from trunks.voice.livekit import LiveKit
from trunks.voice.provision_trunk import provision, remove
from trunks.voice.provisioner import FailureCause, ProvisioningFailed, StoreBehind
from trunks.voice.sides import DesiredTrunk, InboundSide, OutboundSide, SideIds, SideOwner

TRUNK_ID = new_id()
OWNER = SideOwner(TRUNK_ID)
NUMBER = "+14155551234"
CREATE_IN, CREATE_OUT = "CreateSIPInboundTrunk", "CreateSIPOutboundTrunk"
UPDATE_IN, UPDATE_OUT = "UpdateSIPInboundTrunk", "UpdateSIPOutboundTrunk"
DELETE = "DeleteSIPTrunk"
INBOUND = InboundSide(numbers=(NUMBER,), auth_username="alice", auth_password="old password")
OUTBOUND = OutboundSide(
    numbers=(NUMBER,), address="sip.carrier.example", auth_username="alice", auth_password="old password"
)
DESIRED = DesiredTrunk(trunk_id=TRUNK_ID, inbound=INBOUND, outbound=OUTBOUND)
NOTHING = SideIds()


def changed(inbound: dict[str, Any], outbound: dict[str, Any]) -> DesiredTrunk:
    return replace(DESIRED, inbound=replace(INBOUND, **inbound), outbound=replace(OUTBOUND, **outbound))


@pytest.fixture
async def livekit(livekit_server: LiveKitServer) -> AsyncIterator[LiveKit]:
    livekit = LiveKit(livekit_server.url, API_KEY, API_SECRET, mark="here", call_timeout_seconds=3.0)
    yield livekit
    await livekit.close()


async def test_both_sides_are_made_and_then_left_alone(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    ids = await provision(livekit, DESIRED, NOTHING)
    assert ({ids.inbound}, {ids.outbound}) == (set(livekit_server.inbound), set(livekit_server.outbound))
    assert await provision(livekit, DESIRED, ids) == ids
    assert livekit_server.changes() == [CREATE_IN, CREATE_OUT]


@pytest.mark.parametrize(
    ("inbound", "outbound", "touched"),
    [
        ({"auth_username": "bob"}, {"auth_username": "bob"}, [UPDATE_IN, UPDATE_OUT]),
        ({"auth_password": "new"}, {"auth_password": "new"}, [UPDATE_IN, UPDATE_OUT]),
        ({"numbers": ("1000",)}, {"numbers": ("1000",)}, [UPDATE_IN, UPDATE_OUT]),
        ({}, {"address": "sip.other.example"}, [UPDATE_OUT]),
        ({}, {"address": "egress.example", "from_host": "h", "destination": "h"}, [UPDATE_OUT]),
        ({}, {"transport": TransportName.TLS}, [UPDATE_OUT]),
        (
            {"auth_username": None, "auth_password": None, "allowed_addresses": ("192.0.2.1",)},
            {},
            [UPDATE_IN],
        ),
        ({}, {}, []),
    ],
)
async def test_a_change_touches_its_side_alone_and_keeps_the_ids(
    livekit: LiveKit,
    livekit_server: LiveKitServer,
    inbound: dict[str, Any],
    outbound: dict[str, Any],
    touched: list[str],
) -> None:
    ids = await provision(livekit, DESIRED, NOTHING)
    livekit_server.calls.clear()
    desired = changed(inbound, outbound)
    assert await provision(livekit, desired, ids) == ids
    assert livekit_server.changes() == touched
    contents = {side.content for side in await livekit.read_all()}
    assert contents == {desired.inbound, desired.outbound}


WITHHELD: dict[str, Any] = {"auth_username": None, "auth_password": None}


async def test_the_identity_comes_and_goes_and_an_operators_stays(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    ids = await provision(livekit, DESIRED, NOTHING)
    (side,) = livekit_server.outbound.values()
    side.headers["p-preferred-identity"] = "<sip:operator@example.com>"
    as_user = {"numbers": ("alice",), "identity": f"<sip:{NUMBER}@h>", "left": frozenset[str]()}
    assert await provision(livekit, changed({}, {"address": "sip.b.example"}), ids) == ids
    (side,) = livekit_server.outbound.values()
    assert dict(side.headers) == {"p-preferred-identity": "<sip:operator@example.com>"}
    for desired, headers in (
        (changed({}, as_user), {"P-Preferred-Identity": f"<sip:{NUMBER}@h>"}),
        (DESIRED, {}),
        (changed({}, as_user), {"P-Preferred-Identity": f"<sip:{NUMBER}@h>"}),
        # Also while the password is withheld, and with it the name by which the user was known.
        (changed({}, as_user | WITHHELD), {"P-Preferred-Identity": f"<sip:{NUMBER}@h>"}),
        (changed({}, WITHHELD), {}),
    ):
        assert await provision(livekit, desired, ids) == ids
        (side,) = livekit_server.outbound.values()
        assert dict(side.headers) == headers
        livekit_server.calls.clear()
        assert await provision(livekit, desired, ids) == ids
        assert livekit_server.changes() == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault.HUNG_UP,
        Fault.INTERNAL,
        Fault.HELD,
        Fault.KEY_REFUSED,
        Fault.EMPTY,
        Fault.GARBAGE,
        Fault.DONE_AND_HUNG_UP,
        Fault.DONE_AND_HELD,
    ],
)
@pytest.mark.parametrize("method", [CREATE_IN, CREATE_OUT])
async def test_a_creation_that_fails_leaves_nothing(
    livekit: LiveKit, livekit_server: LiveKitServer, fault: Fault, method: str
) -> None:
    livekit_server.fail(fault, method=method)
    with pytest.raises(ProvisioningFailed) as failed:
        await provision(livekit, DESIRED, NOTHING)
    assert "as soon as" not in str(failed.value)
    assert (livekit_server.inbound, livekit_server.outbound) == ({}, {})


@pytest.mark.parametrize(
    "fault", [Fault.HUNG_UP, Fault.INTERNAL, Fault.HELD, Fault.EMPTY, Fault.GARBAGE, Fault.DONE_AND_HUNG_UP]
)
@pytest.mark.parametrize("method", [UPDATE_IN, UPDATE_OUT])
async def test_an_update_that_fails_keeps_the_old_values(
    livekit: LiveKit, livekit_server: LiveKitServer, fault: Fault, method: str
) -> None:
    ids = await provision(livekit, DESIRED, NOTHING)
    # Only the first call of this kind fails: undoing goes the same way.
    livekit_server.fail(fault, method=method, times=1)
    desired = changed({"auth_password": "new"}, {"auth_password": "new"})
    with pytest.raises(ProvisioningFailed):
        await provision(livekit, desired, ids)
    found = {side.id: side.content for side in await livekit.read_all()}
    assert found == {ids.inbound: INBOUND, ids.outbound: OUTBOUND}


async def test_where_undoing_fails_too_the_message_says_so(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    livekit_server.fail(Fault.INTERNAL, method=CREATE_OUT)
    livekit_server.fail(Fault.INTERNAL, method=DELETE)
    with pytest.raises(ProvisioningFailed, match="removed as soon as it answers"):
        await provision(livekit, DESIRED, NOTHING)
    assert len(livekit_server.inbound) == 1


@pytest.mark.parametrize("fault", [Fault.HELD, Fault.INTERNAL, Fault.GARBAGE])
async def test_whoever_cannot_look_changes_nothing(
    livekit: LiveKit, livekit_server: LiveKitServer, fault: Fault
) -> None:
    ids = await provision(livekit, DESIRED, NOTHING)
    livekit_server.calls.clear()
    livekit_server.fail(fault, method="ListSIPOutboundTrunk")
    with pytest.raises(ProvisioningFailed):
        await provision(livekit, changed({"auth_username": "bob"}, {"auth_username": "bob"}), ids)
    assert livekit_server.changes() == []


async def test_a_livekit_that_answers_each_call_slowly_has_its_limit(
    livekit: LiveKit, livekit_server: LiveKitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_trunk, "DO_WITHIN_SECONDS", 0.1)
    livekit_server.fail(Fault.HELD, method=CREATE_OUT)
    with pytest.raises(ProvisioningFailed, match=r"did not get it done within 0\.1 s") as failed:
        await provision(livekit, DESIRED, NOTHING)
    assert failed.value.cause is FailureCause.SLOW
    assert livekit_server.inbound == {}


async def test_what_a_killed_worker_left_is_taken_over(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    left = await livekit.create(OWNER, INBOUND)
    ids = await provision(livekit, DESIRED, NOTHING)
    assert ids.inbound == left
    assert list(livekit_server.inbound) == [left]


async def test_what_was_given_up_is_not_taken_over(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    left = await livekit.create(OWNER, INBOUND)
    ids = await provision(livekit, DESIRED, NOTHING, frozenset({left}))
    assert ids.inbound != left
    assert list(livekit_server.inbound) == [ids.inbound]


async def test_a_side_that_is_newer_than_the_store_is_left_alone(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    """Nothing is changed by an edit, a switch, a deletion: the store may be a restored backup."""
    ids = await provision(livekit, replace(DESIRED, revision=3), NOTHING)
    livekit_server.calls.clear()
    older = replace(changed({"auth_username": "bob"}, {"auth_username": "bob"}), revision=2)
    for known in (ids, NOTHING):
        for wanted in (older, replace(older, inbound=None, outbound=None)):
            if wanted.numbers or known.known:
                with pytest.raises(StoreBehind):
                    await provision(livekit, wanted, known)
        with pytest.raises(StoreBehind):
            await remove(livekit, TRUNK_ID, known, revision=2)
    assert livekit_server.changes() == []


async def test_a_side_too_many_goes(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    ids = await provision(livekit, DESIRED, NOTHING)
    await livekit.create(OWNER, OUTBOUND)
    assert await provision(livekit, DESIRED, ids) == ids
    assert list(livekit_server.outbound) == [ids.outbound]


async def test_a_side_whose_mark_was_taken_off_is_marked_again(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    ids = await provision(livekit, DESIRED, NOTHING)
    assert ids.inbound is not None
    livekit_server.inbound[ids.inbound].metadata = ""
    assert await provision(livekit, DESIRED, ids) == ids
    assert all(side.trunk_id == TRUNK_ID for side in await livekit.read_all())


async def test_a_side_that_is_no_more_wanted_goes(livekit: LiveKit, livekit_server: LiveKitServer) -> None:
    ids = await provision(livekit, DESIRED, NOTHING)
    assert await provision(livekit, replace(DESIRED, inbound=None), ids) == SideIds(None, ids.outbound)
    assert livekit_server.inbound == {}


@pytest.mark.parametrize("spelling", ["+14155551234", "14155551234"])
async def test_a_number_that_somebody_has_is_named_before_anything_is_sent(
    livekit: LiveKit, livekit_server: LiveKitServer, spelling: str
) -> None:
    theirs = livekit_server.add_inbound(numbers=["+4930123456", spelling])
    desired = changed({"numbers": (NUMBER, "+442071234567")}, {})
    with pytest.raises(ProvisioningFailed) as failed:
        await provision(livekit, desired, NOTHING)
    assert failed.value.cause is FailureCause.CONFLICT
    assert f"The number {NUMBER} is on the inbound trunk {theirs} already" in str(failed.value)
    assert "not made by this installation" in str(failed.value)
    assert livekit_server.changes() == []


async def test_a_number_that_another_trunk_of_ours_has_is_named(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    await livekit.create(SideOwner(new_id()), INBOUND)
    with pytest.raises(ProvisioningFailed, match="that of another trunk here"):
        await provision(livekit, DESIRED, NOTHING)


async def test_a_trunk_that_takes_any_number_is_no_conflict(
    livekit: LiveKit, livekit_server: LiveKitServer
) -> None:
    livekit_server.add_inbound(auth_username="any", auth_password="any")
    assert (await provision(livekit, DESIRED, NOTHING)).inbound is not None


@pytest.mark.parametrize("knowing", [True, False])
async def test_removing_takes_ours_and_nothing_else(
    livekit: LiveKit, livekit_server: LiveKitServer, knowing: bool
) -> None:
    theirs = livekit_server.add_inbound(numbers=["+4930123456"])
    ids = await provision(livekit, DESIRED, NOTHING)
    other = await provision(
        livekit,
        replace(changed({"numbers": ("+442071234567",)}, {}), trunk_id=new_id()),
        NOTHING,
    )
    await remove(livekit, TRUNK_ID, ids if knowing else NOTHING)
    assert set(livekit_server.inbound) == {theirs, other.inbound}
    assert set(livekit_server.outbound) == {other.outbound}
