"""Carriers that rotate, drain, and come and go: what their trunks' sides do in a day, check by check."""

from collections.abc import Callable, Sequence
from random import Random
from uuid import UUID

import pytest

from tests.peers.livekit.server import LiveKitServer
from tests.trunks.forms import Store
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import Installed
from tests.trunks.provisions.test_forms_of_calls import due, finish, heard
from tests.trunks.provisions.test_second_gateway import moves
from tests.trunks.provisions.test_way_checks import FIRST, SECOND, check, prove
from tests.trunks.provisions.test_ways import claim, report_of, shown, verify
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.rules.way_evidence import Dialled, WayForm

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

TWELVE = [f"198.51.100.{number}" for number in range(1, 13)]
MINUTE = 60.0


def edge(address: str) -> str:
    return f"{address}:5060/udp"


@pytest.fixture(params=[False, True], ids=["name", "route"])
def carried(
    request: pytest.FixtureRequest,
    make_store: Callable[[Settings], Store],
    store_settings: Settings,
    livekit_server: LiveKitServer,
) -> Installed:
    """An installation whose calls go by a carrier's name, or by Routes to its edges."""
    settings = with_livekit(store_settings, livekit_server)
    return Installed(make_store(settings.model_copy(update={"pin_edges": request.param})), livekit_server)


def verified(installed: Installed, trunk: Trunk, addresses: Sequence[str]) -> UUID:
    """End a run of it that its name led to these; by pinned edges they answer by a Route too."""
    report = report_of(*addresses)
    if not installed.store.installation.settings.pin_edges:
        verify(installed, trunk, report, Dialled(ipv4=tuple(addresses)))
        return trunk.gateways[0].destination_id
    claimed = claim(installed, trunk)
    taken = due(installed, claimed, report)
    finish(installed, claimed, report, [heard(claimed, each, same=True) for each in taken])
    installed.store.installation.runs.way_turns.tend()
    return claimed.first.destination_id


async def test_four_of_twelve_addresses_that_rotate_for_a_day_move_nobody(carried: Installed) -> None:
    """The name alone leads to them, or calls are pinned to one; a run now and then sees four of them, too."""
    by_route = carried.store.installation.settings.pin_edges
    trunks = [carried.make_trunk(f"+1415555{number:04}", name=f"Trunk {number}") for number in range(2)]
    chance = Random(17)
    for trunk in trunks:
        destination = verified(carried, trunk, TWELVE[:4])
        await carried.work(trunk)
    changes, ways = len(carried.server.changes()), [shown(carried, trunk)[:2] for trunk in trunks]
    for tick in range(24):
        four = chance.sample(TWELVE, 4)
        if tick % 8 == 0:
            verified(carried, trunks[tick // 8 % 2], four)
        check(carried, destination, {edge(each): True for each in four}, after_seconds=60 * MINUTE)
    assert [moves(carried, trunk) for trunk in trunks] == [[], []]
    assert [shown(carried, trunk)[:2] for trunk in trunks] == ways
    assert {form for form, _ in ways} == {WayForm.ROUTE if by_route else WayForm.AS_GIVEN}
    assert list(carried.store.installation.provisions.pace.take(limit=10)) == []
    assert len(carried.server.changes()) == changes


async def test_an_edge_that_is_drained_is_left_after_three_answers(installed: Installed) -> None:
    trunk = installed.make_trunk()
    destination = prove(installed, trunk)
    ids = await installed.work(trunk)
    check(installed, destination, {FIRST: True, SECOND: True})
    left_after = None
    for answer in range(1, 8):
        # It still answers whoever asks it; its carrier names it no more, and its records live for a minute.
        check(installed, destination, {SECOND: True}, ttl_seconds=60)
        if left_after is None and shown(installed, trunk)[1] != FIRST:
            left_after = answer
            assert await installed.work(trunk) == ids
    assert left_after == 3
    assert moves(installed, trunk) == [[FIRST, SECOND]]
    # Named again, calls come back once it was well for ten minutes, or longer.
    for _ in range(45):
        check(installed, destination, {FIRST: True, SECOND: True}, ttl_seconds=60)
    assert moves(installed, trunk) == [[FIRST, SECOND], [SECOND, FIRST]]


def test_an_srv_target_that_comes_and_goes_for_an_hour_moves_calls_twice_at_most(
    installed: Installed,
) -> None:
    trunk = installed.make_trunk()
    destination = prove(installed, trunk)
    check(installed, destination, {FIRST: True, SECOND: True})
    for _ in range(12):
        for alive in (False, False, False, True, True):
            check(installed, destination, {FIRST: alive, SECOND: True}, after_seconds=MINUTE)
    assert len(moves(installed, trunk)) <= 2
