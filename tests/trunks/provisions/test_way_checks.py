"""Health checks lead calls: away from an edge that fell, back when it was well for long, nowhere where none may go."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest

from sipcheck.reasons import Reason
from sipcheck.report.model import Report
from tests.trunks.provisions.installed import Installed
from tests.trunks.provisions.test_forms_of_calls import due, finish, heard, led_on, way_of
from tests.trunks.provisions.test_ways import ONE, TWO, claim, provision_of, report_of, route, shown
from trunks.health.check import CheckClaim, CheckResult, EdgeResult
from trunks.ids import new_id
from trunks.models.provision import ProvisionStatus
from trunks.models.trunk import Trunk
from trunks.repositories.way_findings import WayFindings
from trunks.rules.resolver_lie import confirmed_after
from trunks.rules.way_evidence import Dialled, WayForm
from trunks.runs.results import RunResult
from trunks.voice.blueprint import PARKED_ROUTE

FIRST, SECOND = f"{ONE}:5060/udp", f"{TWO}:5060/udp"
MINUTE = 60.0
CONFIRMED_SECONDS = confirmed_after(MINUTE).total_seconds()


def check(
    installed: Installed,
    destination_id: UUID,
    edges: Mapping[str, bool],
    *,
    reason: Reason = Reason.ALIVE,
    dialled: Dialled | None = None,
    after_seconds: float = MINUTE,
    ttl_seconds: int | None = None,
) -> None:
    """Settle a check, a minute after the last, and let whoever tends follow it."""
    installed.store.clock.advance(after_seconds)
    note(installed, destination_id, edges, reason=reason, dialled=dialled, ttl_seconds=ttl_seconds)
    installed.store.installation.runs.way_checks.tend()
    installed.store.installation.runs.way_turns.tend()


def note(
    installed: Installed,
    destination_id: UUID,
    edges: Mapping[str, bool],
    *,
    reason: Reason = Reason.ALIVE,
    dialled: Dialled | None = None,
    ttl_seconds: int | None = None,
) -> None:
    now = installed.store.clock()
    asked = CheckClaim(
        destination_id=destination_id,
        claim_id=new_id(),
        cycle=1,
        claimed_at=now,
        lease_until=now,
        domain="sip.carrier.example",
        port=None,
        transport=None,
        outbound_proxy=None,
        interval_seconds=MINUTE,
        counts=True,
        asked=False,
        options_ignored=False,
        failures=0,
        held_failures=0,
        was_alive=True,
        fell_lately=False,
        in_full=False,
    )
    alive = any(edges.values())
    installed.store.installation.runs.way_checks.note(
        [
            CheckResult(
                claim=asked,
                alive=alive,
                reason=reason if alive or reason is not Reason.ALIVE else Reason.NO_RESPONSE,
                edges=tuple(EdgeResult(name, lives, 1.0 if lives else None) for name, lives in edges.items()),
                dialled=dialled,
                ttl_seconds=ttl_seconds,
            )
        ]
    )


def led_by_priority() -> Report:
    first, second = led_on(ONE, TWO).edges
    return replace(led_on(ONE, TWO), edges=(first, replace(second, priority=20)))


def prove(installed: Installed, trunk: Trunk) -> UUID:
    """Verify a trunk by SRV alone, whose two targets take a Route."""
    claimed = claim(installed, trunk)
    taken = due(installed, claimed, led_by_priority())
    routes = [heard(claimed, each, same=True) for each in taken if each.form is WayForm.ROUTE]
    finish(installed, claimed, led_by_priority(), routes)
    installed.store.installation.runs.way_turns.tend()
    return claimed.first.destination_id


async def test_calls_leave_a_fallen_edge_and_come_back(installed: Installed) -> None:
    trunk = installed.make_trunk()
    await installed.work(trunk)
    destination = prove(installed, trunk)
    ids = await installed.work(trunk)
    assert route(installed) == f"<sip:{ONE}:5060;lr;transport=udp>"
    check(installed, destination, {FIRST: True, SECOND: True})
    for _ in range(2):
        check(installed, destination, {FIRST: False, SECOND: True})
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    check(installed, destination, {FIRST: False, SECOND: True})
    assert await installed.work(trunk) == ids
    assert route(installed) == f"<sip:{TWO}:5060;lr;transport=udp>"
    assert shown(installed, trunk) == (WayForm.ROUTE, SECOND, True)
    for _ in range(10):
        check(installed, destination, {FIRST: True, SECOND: True})
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    check(installed, destination, {FIRST: True, SECOND: True})
    assert await installed.work(trunk) == ids
    assert route(installed) == f"<sip:{ONE}:5060;lr;transport=udp>"
    assert (await installed.judge()).found == ()


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_a_carrier_that_is_dead_as_a_whole_moves_nobody(installed: Installed) -> None:
    trunk = installed.make_trunk()
    destination = prove(installed, trunk)
    for _ in range(4):
        check(installed, destination, {FIRST: False, SECOND: False})
    assert way_of(installed, trunk) == (WayForm.ROUTE, FIRST)


def test_one_silence_in_a_report_moves_nobody(installed: Installed) -> None:
    trunk = installed.make_trunk()
    destination = prove(installed, trunk)
    check(installed, destination, {FIRST: True, SECOND: True})
    report = led_by_priority()
    dead = report_of(ONE, host="sip1.carrier.example", alive=False, priority=10).edges[0]
    finish(installed, claim(installed, trunk), replace(report, edges=(dead, report.edges[1])))
    assert way_of(installed, trunk) == (WayForm.ROUTE, FIRST)


async def test_a_name_that_leads_where_no_call_may_go_is_parked_until_it_is_mended(
    installed: Installed,
) -> None:
    trunk = installed.make_trunk()
    await installed.work(trunk)
    destination = prove(installed, trunk)
    ids = await installed.work(trunk)
    check(installed, destination, {}, reason=Reason.ADDRESS_FORBIDDEN)
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    check(installed, destination, {}, reason=Reason.ADDRESS_FORBIDDEN, after_seconds=CONFIRMED_SECONDS)
    assert await installed.work(trunk) == ids
    assert route(installed) == PARKED_ROUTE
    assert shown(installed, trunk) == (WayForm.PARKED, None, False)
    assert (await installed.judge()).found == ()
    # A check that meets silence is not clean yet.
    check(installed, destination, {FIRST: False})
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    check(installed, destination, {FIRST: True, SECOND: True})
    assert await installed.work(trunk) == ids
    assert route(installed) == f"<sip:{ONE}:5060;lr;transport=udp>"


async def test_a_trunk_that_never_answered_is_parked_too(installed: Installed) -> None:
    trunk = installed.make_trunk()
    ids = await installed.work(trunk)
    assert route(installed) is None
    claimed = claim(installed, trunk)
    report = replace(report_of(ONE, alive=False), reason=Reason.ADDRESS_FORBIDDEN)
    assert installed.store.installation.runs.claims.finish([RunResult(claimed, report)]) == [True]
    installed.store.clock.advance(CONFIRMED_SECONDS)
    installed.store.installation.runs.way_checks.tend()
    installed.store.installation.runs.way_turns.tend()
    assert await installed.work(trunk) == ids
    assert route(installed) == PARKED_ROUTE


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_a_resolver_of_ours_that_lies_of_everyone_parks_nobody(installed: Installed) -> None:
    trunks = [
        installed.make_trunk(
            f"+1415555{number:04}", name=f"Trunk {number}", domain=f"carrier{number}.example"
        )
        for number in range(11)
    ]
    destinations = [prove(installed, trunk) for trunk in trunks]
    checks = installed.store.installation.runs.way_checks
    # Each is checked once a minute, and they one after the other.
    for turn in range(22):
        installed.store.clock.advance(MINUTE / 11)
        note(installed, destinations[turn % 11], {}, reason=Reason.ADDRESS_FORBIDDEN)
        assert checks.tend() == (0 if turn < 10 else 11)
        installed.store.installation.runs.way_turns.tend()
    for each in destinations:
        check(installed, each, {FIRST: True, SECOND: True}, after_seconds=MINUTE / 11)
        # The others have not been seen to be clean yet.
        assert {way_of(installed, trunk) for trunk in trunks} == {(WayForm.ROUTE, FIRST)}
    assert checks.tend() == 0


def test_whoever_is_killed_in_the_middle_is_followed(installed: Installed) -> None:
    trunk = installed.make_trunk()
    destination = prove(installed, trunk)
    check(installed, destination, {FIRST: True, SECOND: True})
    for _ in range(3):
        installed.store.clock.advance(MINUTE)
        note(installed, destination, {FIRST: False, SECOND: True})
    with installed.store.installation.database.write() as session:
        assert WayFindings(session).claim_stale(new_id(), installed.store.clock()) is not None
    turns = installed.store.installation.runs.way_turns
    assert turns.tend() == 0
    installed.store.clock.advance(61)
    assert turns.tend() == 1
    assert way_of(installed, trunk) == (WayForm.ROUTE, SECOND)


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_a_report_that_names_other_edges_moves_nobody_until_the_old_one_is_withdrawn(
    installed: Installed,
) -> None:
    trunk = installed.make_trunk()
    destination = prove(installed, trunk)
    check(installed, destination, {FIRST: True, SECOND: True})
    claimed = claim(installed, trunk)
    second = replace(led_by_priority(), edges=led_by_priority().edges[1:])
    finish(installed, claimed, second)
    assert way_of(installed, trunk) == (WayForm.ROUTE, FIRST)
    for _ in range(11):
        check(installed, destination, {SECOND: True})
    assert way_of(installed, trunk) == (WayForm.ROUTE, SECOND)
