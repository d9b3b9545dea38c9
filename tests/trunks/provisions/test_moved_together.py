"""Sides of many trunks that are led anew: claimed and read together, and each of them one write."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.peers.livekit.faults import Fault
from tests.trunks.provisions.installed import Installed
from tests.trunks.provisions.test_ways import provision_of
from trunks.installation.provisioner_choice import make_provisioner
from trunks.models.provision import ProvisionOccasion, ProvisionState, ProvisionStatus
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from worker.provisioning.asked_provisions import AskedProvisions
from worker.provisioning.coroutine_loop import CoroutineLoop

COUNT = 5
# What somebody else wrote on the side: a move finds it otherwise than it is to be.
ELSEWHERE = "elsewhere.example"


@pytest.fixture
def ended() -> threading.Event:
    return threading.Event()


@pytest.fixture
def work(installed: Installed, ended: threading.Event) -> Iterator[AskedProvisions]:
    installation = installed.store.installation
    provisioner = make_provisioner(installation.settings, mark=installed.reconciliation.mark)
    assert provisioner is not None
    loop = CoroutineLoop("provisioning-loop", close=provisioner.close)
    loop.start()
    yield AskedProvisions(
        installation, provisioner, loop, ring=lambda _: None, on_done=lambda _: None, ended=ended
    )
    loop.stop()


@pytest.fixture
def trunks(installed: Installed, work: AskedProvisions) -> list[Trunk]:
    """Trunks whose outbound sides are to be moved."""
    made = [
        installed.make_trunk(f"+1415555{number:04}", name=f"Trunk {number}", domain="127.0.0.1")
        for number in range(COUNT)
    ]
    for trunk in made:
        work.run(trunk.id)
    lead_anew(installed, made)
    return made


def lead_anew(installed: Installed, trunks: list[Trunk]) -> None:
    for side in installed.server.outbound.values():
        side.address = ELSEWHERE
    store = installed.store
    with store.installation.database.write() as session:
        requests = ProvisionRequests(session, store.installation.settings.provisioner)
        for trunk in trunks:
            assert requests.lead_anew(trunk.id, store.clock(), ProvisionOccasion.MOVE)


def calls_of(installed: Installed, act: Callable[[], None]) -> list[str]:
    """What LiveKit is asked meanwhile."""
    before = len(installed.server.calls)
    act()
    return sorted(each.method for each in installed.server.calls[before:])


def states(installed: Installed, trunks: list[Trunk]) -> list[tuple[ProvisionStatus, ProvisionState]]:
    rows = [provision_of(installed, trunk.id) for trunk in trunks]
    return [(each.status, each.state) for each in rows]


WELL = (ProvisionStatus.DONE, ProvisionState.PROVISIONED)
WAITS = (ProvisionStatus.QUEUED, ProvisionState.PROVISIONED)


def do_all(work: AskedProvisions, trunks: list[Trunk]) -> None:
    for each in work.take([trunk.id for trunk in trunks]):
        each()


def test_a_move_is_one_write_and_all_are_read_at_once(
    installed: Installed, work: AskedProvisions, trunks: list[Trunk]
) -> None:
    ids = {*installed.server.inbound, *installed.server.outbound}
    asked = calls_of(installed, lambda: do_all(work, trunks))
    # Beside the two that read all, each write reads what it replaces.
    assert asked == sorted(
        ["ListSIPInboundTrunk"] + ["ListSIPOutboundTrunk"] * (1 + COUNT) + ["UpdateSIPOutboundTrunk"] * COUNT
    )
    assert {*installed.server.inbound, *installed.server.outbound} == ids
    assert ELSEWHERE not in {side.address for side in installed.server.outbound.values()}
    assert states(installed, trunks) == [WELL] * COUNT
    assert work.take([trunk.id for trunk in trunks]) == []


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_one_whose_side_is_gone_or_whose_write_fails_keeps_no_other_back(
    installed: Installed, work: AskedProvisions, trunks: list[Trunk]
) -> None:
    gone = provision_of(installed, trunks[0].id).outbound_id
    del installed.server.outbound[gone or ""]
    installed.server.fail(Fault.INTERNAL, method="UpdateSIPOutboundTrunk", nth=2, times=1)
    do_all(work, trunks)
    failed = (ProvisionStatus.DONE, ProvisionState.FAILED)
    assert states(installed, trunks) == [WELL, WELL, failed, WELL, WELL]
    assert provision_of(installed, trunks[0].id).outbound_id not in (None, gone)
    assert len(installed.server.outbound) == COUNT


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_where_they_cannot_be_read_together_each_says_what_is_wrong(
    installed: Installed, work: AskedProvisions, trunks: list[Trunk]
) -> None:
    installed.server.fail(Fault.UNAVAILABLE, method="ListSIPOutboundTrunk")
    do_all(work, trunks)
    assert {state for _, state in states(installed, trunks)} == {ProvisionState.FAILED}


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("stops", [True, False], ids=["the worker stops", "it takes long"])
def test_what_is_not_begun_in_time_is_given_back(
    installed: Installed, work: AskedProvisions, trunks: list[Trunk], ended: threading.Event, stops: bool
) -> None:
    first, *others = work.take([trunk.id for trunk in trunks])
    first()
    if stops:
        ended.set()
    else:
        installed.store.clock.advance(timedelta(seconds=11).total_seconds())
    for each in others:
        each()
    assert sorted(states(installed, trunks)) == sorted([WELL] + [WAITS] * (COUNT - 1))
    ended.clear()
    do_all(work, trunks)
    assert states(installed, trunks) == [WELL] * COUNT


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_whoever_is_killed_with_all_of_them_is_followed(
    installed: Installed, work: AskedProvisions, trunks: list[Trunk]
) -> None:
    assert len(work.take([trunk.id for trunk in trunks])) == COUNT
    installed.store.clock.advance(60)
    assert len(installed.store.installation.provisions.claims.tend().reclaimed) == COUNT
    do_all(work, trunks)
    assert states(installed, trunks) == [WELL] * COUNT


def test_one_that_is_gone_meanwhile_loses_its_sides(
    installed: Installed, work: AskedProvisions, trunks: list[Trunk]
) -> None:
    catalog = installed.store.installation.catalog.trunks
    catalog.remove(installed.store.caller, trunks[0].id, with_numbers=True)
    do_all(work, trunks)
    assert (len(installed.server.inbound), len(installed.server.outbound)) == (COUNT - 1, COUNT - 1)
