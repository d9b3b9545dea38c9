"""Calls leave a trunk's first gateway when that falls by its checks, and come back when it was well for long."""

from uuid import UUID

import pytest

from sipcheck.reasons import Reason
from sipcheck.report.model import Report
from tests.trunks.provisions.installed import Installed
from tests.trunks.provisions.test_way_checks import check
from tests.trunks.provisions.test_ways import ONE, TWO, claim, provision_of, report_of, shown
from trunks.catalog.new_trunk import NewGateway
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.models.provision import ProvisionStatus
from trunks.models.trunk import Trunk
from trunks.repositories.mass_falls import MassFalls
from trunks.rules.mass_failure import Fall, Release
from trunks.rules.way_evidence import WayForm
from trunks.runs.results import RunResult
from trunks.runs.several_gateways import SeveralReport

FIRST, SECOND = f"{ONE}:5060/udp", f"{TWO}:5060/udp"
# What a check says of a gateway's only edge.
WELL, DEAD = True, False
Places = tuple[UUID, UUID]


def make_trunk(installed: Installed, first: str = ONE, second: str = TWO) -> tuple[Trunk, Places]:
    """Make a trunk of two gateways, and give where they lead."""
    gateways = tuple(
        NewGateway(host=host, port=5060, transport=None, priority=priority)
        for priority, host in ((1, first), (2, second))
    )
    trunk = installed.make_trunk(gateways=gateways)
    one, two = (gateway.destination_id for gateway in trunk.gateways)
    return trunk, (one, two)


def verify(installed: Installed, trunk: Trunk, *, first: Report, second: Report) -> None:
    """End a run of it, which the second decides where the first is dead."""
    claimed = claim(installed, trunk)
    decides = first if first.edges[0].sip_status else second
    values = {name: getattr(decides, name) for name in Report.__dataclass_fields__}
    report = SeveralReport(**values, gateways=(first, second))
    assert installed.store.installation.runs.claims.finish([RunResult(claimed, report)]) == [True]


def edge(address: str, *, alive: bool = True, host: str | None = None) -> Report:
    return report_of(address, host=host or address, alive=alive)


def proven(installed: Installed) -> tuple[Trunk, Places]:
    trunk, places = make_trunk(installed)
    verify(installed, trunk, first=edge(ONE), second=edge(TWO))
    return trunk, places


def both(installed: Installed, places: Places, first: bool, second: bool = WELL) -> None:
    """Check both, a minute later."""
    check(installed, places[0], {FIRST: first})
    check(installed, places[1], {SECOND: second}, after_seconds=0)


def address(installed: Installed) -> str:
    (side,) = installed.server.outbound.values()
    return side.address


def moves(installed: Installed, trunk: Trunk) -> list[list[str]]:
    return [
        each.changes["outbound_edge"]
        for each in installed.store.flips(trunk.id)
        if "outbound_edge" in each.changes
    ]


async def test_calls_leave_a_fallen_gateway_and_come_back(installed: Installed) -> None:
    trunk, places = proven(installed)
    ids = await installed.work(trunk)
    assert address(installed) == f"{ONE}:5060"
    both(installed, places, WELL)
    for _ in range(2):
        both(installed, places, DEAD)
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    both(installed, places, DEAD)
    assert await installed.work(trunk) == ids
    assert address(installed) == f"{TWO}:5060"
    assert shown(installed, trunk) == (WayForm.AS_GIVEN, SECOND, True)
    assert (await installed.judge()).found == ()
    for _ in range(10):
        both(installed, places, WELL)
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    both(installed, places, WELL)
    assert await installed.work(trunk) == ids
    assert address(installed) == f"{ONE}:5060"
    assert moves(installed, trunk) == [[FIRST, SECOND], [SECOND, FIRST]]
    assert (await installed.judge()).found == ()


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_a_gateway_that_comes_and_goes_for_an_hour_moves_calls_twice_at_most(installed: Installed) -> None:
    trunk, places = proven(installed)
    both(installed, places, WELL)
    for _ in range(12):
        for sign in (DEAD, DEAD, DEAD, WELL, WELL):
            both(installed, places, sign)
    assert len(moves(installed, trunk)) == 1


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_while_both_are_down_nothing_moves(installed: Installed) -> None:
    trunk, places = proven(installed)
    await installed.work(trunk)
    both(installed, places, WELL)
    for _ in range(2):
        both(installed, places, DEAD, DEAD)
    # The second one falls first.
    check(installed, places[1], {SECOND: DEAD})
    check(installed, places[0], {FIRST: DEAD})
    assert shown(installed, trunk)[1] == FIRST
    assert moves(installed, trunk) == []


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_a_first_gateway_that_never_answered_is_passed_by(installed: Installed) -> None:
    trunk, _ = make_trunk(installed)
    verify(installed, trunk, first=edge(ONE, alive=False), second=edge(TWO))
    assert shown(installed, trunk)[1] is None  # no side stands yet
    way = installed.store.installation.catalog.views.get(installed.store.caller, trunk.id)
    assert way.trunk.gateways[0].host == ONE
    claims = installed.store.installation.provisions.claims
    asked = claims.claim(trunk.id)
    assert asked is not None
    assert asked.blueprint is not None
    assert asked.blueprint.host == TWO
    # It answers at last: calls go there.
    verify(installed, trunk, first=edge(ONE), second=edge(TWO))
    assert moves(installed, trunk) == [[SECOND, FIRST]]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("reason", "moves_after"),
    [
        (Reason.DNS_NXDOMAIN, 3),
        (Reason.DNS_NO_RECORDS, 3),
        # Of our resolver: it says nothing of the carrier.
        (Reason.DNS_TIMEOUT, None),
        (Reason.DNS_SERVFAIL, None),
        # Parked elsewhere, once every destination was checked: a little more than a minute.
        (Reason.ADDRESS_FORBIDDEN, 3),
    ],
)
async def test_a_name_that_leads_nowhere_any_more(
    installed: Installed, reason: Reason, moves_after: int | None
) -> None:
    name = "sip.carrier.example"
    trunk, (one, two) = make_trunk(installed, first=name)
    verify(installed, trunk, first=edge(ONE, host=name), second=edge(TWO))
    await installed.work(trunk)
    check(installed, one, {FIRST: WELL})
    moved = None
    for number in range(1, 6):
        check(installed, one, {}, reason=reason)
        check(installed, two, {SECOND: WELL}, after_seconds=0)
        if moved is None and shown(installed, trunk)[1] == SECOND:
            moved = number
    assert moved == moves_after


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_an_edit_of_the_gateways_makes_the_way_void(installed: Installed) -> None:
    trunk, places = proven(installed)
    ids = await installed.work(trunk)
    both(installed, places, WELL)
    for _ in range(3):
        both(installed, places, DEAD)
    assert await installed.work(trunk) == ids
    updates = installed.store.installation.catalog.updates
    other = NewGateway(host="198.51.100.9", port=5060, transport=None, priority=1)
    updates.apply(installed.store.caller, trunk.id, TrunkEdit(gateways=(other,)))
    assert await installed.work(trunk) == ids
    assert address(installed) == "198.51.100.9:5060"


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_a_mass_fall_holds_moves_until_it_is_seen_to_be_none_of_ours(installed: Installed) -> None:
    trunk, places = proven(installed)
    await installed.work(trunk)
    both(installed, places, WELL)
    database = installed.store.installation.database
    for _ in range(2):
        both(installed, places, DEAD)
    with database.write() as session:
        MassFalls(session).begin(Fall(destinations=12, addresses=3, due=12), installed.store.clock())
    for _ in range(9):
        both(installed, places, DEAD)
    assert moves(installed, trunk) == []
    with database.write() as session:
        assert MassFalls(session).release(Release.CANARY_ALIVE, installed.store.clock())
    both(installed, places, DEAD)
    assert moves(installed, trunk) == [[FIRST, SECOND]]
