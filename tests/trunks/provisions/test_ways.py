"""By which way calls leave: from a verification's report to the outbound side, and no further than its generation."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import update

from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.model import Report
from sipcheck.target import HostPort
from tests.trunks.forms import make_report, with_edge
from tests.trunks.provisions.installed import Installed
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.catalog.views import TrunkView
from trunks.models.provision import Provision, ProvisionState, ProvisionStatus
from trunks.models.trunk import Trunk
from trunks.provisions.reconciliation import Judgement, SideFinding
from trunks.rules.infrastructure_facts import Answer, Measurement
from trunks.rules.way_evidence import Dialled, WayForm
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.results import RunResult
from trunks.runs.ways.results import WayFound
from trunks.voice.blueprint import PARKED_ROUTE
from trunks.voice.provisioner import FailureCause

PROXY, DOMAIN = "edge.proxy.example", "sip.carrier.example"
ONE, TWO = "198.51.100.1", "198.51.100.2"


def report_of(*addresses: str, host: str = DOMAIN, alive: bool = True, **given: Any) -> Report:
    """Make a report of edges at 5060 over UDP."""
    report = make_report()
    if not alive:
        report = make_report(Outcome.FAILED, Reason.NO_RESPONSE, credentials=CredentialState.NOT_TESTED)
    (edge,) = with_edge(report, 200 if alive else 0).edges
    edge = replace(edge, host=host, port=5060, transport="udp", sip_status=200 if alive else None)
    return replace(report, edges=tuple(replace(edge, address=each, **given) for each in addresses))


def claim(installed: Installed, trunk: Trunk) -> ClaimedRun:
    store = installed.store
    run_id = store.installation.runs.requests.request(store.caller, trunk.id)
    claimed = store.claim(run_id)
    assert claimed is not None
    return claimed


def finish(installed: Installed, claimed: ClaimedRun, report: Report, dialled: Dialled | None = None) -> None:
    claims = installed.store.installation.runs.claims
    assert claims.finish([RunResult(claimed, report, ways=[WayFound(dialled)])]) == [True]


def verify(installed: Installed, trunk: Trunk, report: Report, dialled: Dialled | None = None) -> None:
    finish(installed, claim(installed, trunk), report, dialled)


def provision_of(installed: Installed, trunk_id: UUID) -> Provision:
    found = installed.store.installation.provisions.overview.view(trunk_id)
    assert found is not None
    return found


def view(installed: Installed, trunk: Trunk) -> TrunkView:
    return installed.store.installation.catalog.views.get(installed.store.caller, trunk.id)


def shown(installed: Installed, trunk: Trunk) -> tuple[WayForm | None, str | None, bool | None]:
    way = view(installed, trunk).way
    edge = None if way.way is None or way.way.edge is None else way.way.edge.name
    return None if way.way is None else way.way.form, edge, way.callable


def route(installed: Installed) -> str | None:
    (side,) = installed.server.outbound.values()
    return side.headers.get("Route")


async def test_an_outbound_proxy_is_a_route_once_it_is_proven(installed: Installed) -> None:
    trunk = installed.make_trunk(outbound_proxy=HostPort(PROXY))
    ids = await installed.work(trunk)
    assert route(installed) == PARKED_ROUTE
    waits = provision_of(installed, trunk.id)
    assert (waits.state, waits.cause) == (ProvisionState.PROVISIONED, FailureCause.NO_WAY)
    assert waits.succeeded
    assert shown(installed, trunk) == (WayForm.PARKED, None, False)
    # It stands as it is to stand: no cycle does it again.
    assert (await installed.judge()).found == ()
    verify(installed, trunk, report_of(ONE, host=PROXY))
    tended = installed.store.installation.provisions.claims.tend()
    assert tended.to_ring == (trunk.id,)
    assert await installed.work(trunk) == ids
    assert route(installed) == f"<sip:{ONE}:5060;lr;transport=udp>"
    (side,) = installed.server.outbound.values()
    assert side.address == f"{DOMAIN}:5060"
    assert shown(installed, trunk) == (WayForm.ROUTE, f"{ONE}:5060/udp", True)
    led = provision_of(installed, trunk.id)
    assert (led.cause, led.error) == (None, None)
    told = [flip.changes.get("provisioning_error") for flip in installed.store.flips(trunk.id)]
    assert [waits.error, None] in told
    # The same again is no work, and so is a failure: the way stays.
    verify(installed, trunk, report_of(ONE, host=PROXY))
    verify(installed, trunk, report_of(ONE, host=PROXY, alive=False))
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    assert shown(installed, trunk) == (WayForm.ROUTE, f"{ONE}:5060/udp", True)


async def test_an_edit_takes_the_route_away_with_the_configuration_that_it_was_proven_for(
    installed: Installed,
) -> None:
    trunk = installed.make_trunk(outbound_proxy=HostPort(PROXY))
    await installed.work(trunk)
    verify(installed, trunk, report_of(ONE, host=PROXY))
    ids = await installed.work(trunk)
    late = claim(installed, trunk)
    catalog, caller = installed.store.installation.catalog, installed.store.caller
    edited = catalog.updates.apply(caller, trunk.id, TrunkEdit(password="another password"))
    assert edited.provisioning
    assert await installed.work(trunk) == ids
    (side,) = installed.server.outbound.values()
    assert (side.headers["Route"], side.auth_password) == (PARKED_ROUTE, "another password")
    # A report of before it comes late, and sets none.
    finish(installed, late, report_of(TWO, host=PROXY))
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    assert shown(installed, trunk) == (WayForm.PARKED, None, False)


async def test_an_edit_that_is_taken_back_brings_the_route_back(installed: Installed) -> None:
    trunk = installed.make_trunk(outbound_proxy=HostPort(PROXY))
    await installed.work(trunk)
    verify(installed, trunk, report_of(ONE, host=PROXY))
    ids = await installed.work(trunk)
    updates = installed.store.installation.catalog.updates
    installed.store.clock.advance(1)
    edited = updates.apply(installed.store.caller, trunk.id, TrunkEdit(password="another password"))
    updates.take_back(edited)
    assert await installed.work(trunk) == ids
    assert route(installed) == f"<sip:{ONE}:5060;lr;transport=udp>"
    assert shown(installed, trunk) == (WayForm.ROUTE, f"{ONE}:5060/udp", True)


async def test_a_trunk_that_moves_to_another_carrier_keeps_no_route_of_the_old_one(
    installed: Installed,
) -> None:
    trunk = installed.make_trunk(outbound_proxy=HostPort(PROXY))
    await installed.work(trunk)
    verify(installed, trunk, report_of(ONE, host=PROXY))
    await installed.work(trunk)
    edit = TrunkEdit(domain="other.example", outbound_proxy=None)
    assert installed.store.installation.catalog.updates.apply(
        installed.store.caller, trunk.id, edit
    ).provisioning
    await installed.work(trunk)
    (side,) = installed.server.outbound.values()
    assert (side.address, dict(side.headers)) == ("other.example:5060", {})
    assert shown(installed, trunk) == (WayForm.AS_GIVEN, None, None)


async def test_a_route_by_hand_is_put_right_and_told(installed: Installed) -> None:
    trunk = installed.make_trunk()
    ids = await installed.work(trunk)
    (side,) = installed.server.outbound.values()
    side.headers["route"] = "<sip:203.0.113.66;lr>"
    judgement = await installed.judge()
    (found,) = judgement.found
    assert (found.finding, found.message) == (SideFinding.CHANGED, "OutboundSide: route")
    installed.reconciliation.fix(judgement)
    assert await installed.work(trunk) == ids
    (side,) = installed.server.outbound.values()
    assert dict(side.headers) == {}


async def test_srv_alone_is_parked_and_what_is_not_proven_to_fail_is_left_alone(installed: Installed) -> None:
    trunk = installed.make_trunk(port=None, transport=None)
    ids = await installed.work(trunk)
    srv = report_of(ONE, host="sip1.carrier.example", priority=10)
    for dialled, form, can_call in (
        (None, WayForm.AS_GIVEN, None),
        (Dialled(ipv4=(TWO,)), WayForm.AS_GIVEN, None),
        (Dialled(), WayForm.PARKED, False),
        (Dialled(ipv4=(ONE,)), WayForm.AS_GIVEN, True),
    ):
        verify(installed, trunk, srv, dialled)
        if provision_of(installed, trunk.id).status is ProvisionStatus.QUEUED:
            assert await installed.work(trunk) == ids
        assert shown(installed, trunk)[::2] == (form, can_call)
        assert route(installed) == (PARKED_ROUTE if form is WayForm.PARKED else None)


async def test_tcp_by_srv_is_called_over_tcp(installed: Installed) -> None:
    trunk = installed.make_trunk(port=None, transport=None)
    await installed.work(trunk)
    over_tcp = report_of(ONE, host="sip1.carrier.example", priority=10, transport="tcp")
    verify(installed, trunk, over_tcp, Dialled(ipv4=(ONE,)))
    await installed.work(trunk)
    (side,) = installed.server.outbound.values()
    assert (side.address, side.transport, dict(side.headers)) == (DOMAIN, 2, {})


async def test_sides_of_a_former_version_are_not_led_anew(installed: Installed) -> None:
    trunk = installed.make_trunk(port=None, transport=None)
    await installed.work(trunk)
    with installed.store.installation.database.write() as session:
        session.execute(update(Provision).values(keeps_former=True))
    verify(installed, trunk, report_of(ONE, host="sip1.carrier.example", priority=10), Dialled())
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    assert (await installed.judge()).found == ()
    assert shown(installed, trunk) == (None, None, None)
    edit = TrunkEdit(profile={"allow": "alaw"})
    assert installed.store.installation.catalog.updates.apply(
        installed.store.caller, trunk.id, edit
    ).provisioning
    await installed.work(trunk)
    assert route(installed) == PARKED_ROUTE


async def test_without_an_outbound_side_nothing_is_said_of_its_way(installed: Installed) -> None:
    trunk = installed.store.make_trunk(wanted=True)
    assert shown(installed, trunk) == (None, None, None)
    verify(installed, trunk, report_of(ONE))
    assert shown(installed, trunk) == (None, None, None)


async def test_while_provisioning_is_paused_no_way_is_written_but_with_an_edit(installed: Installed) -> None:
    trunk = installed.make_trunk(port=None, transport=None)
    ids = await installed.work(trunk)
    rehearsal = installed.store.installation.provisions.rehearsal
    assert rehearsal.pause()
    assert installed.reconciliation.paused()
    verify(installed, trunk, report_of(ONE, host="sip1.carrier.example", priority=10), Dialled())
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    assert route(installed) is None
    still = view(installed, trunk).way
    assert (still.way, still.callable) == (None, None)
    assert "not written anew yet" in (still.reason or "")
    edit = TrunkEdit(profile={"allow": "alaw"})
    assert installed.store.installation.catalog.updates.apply(
        installed.store.caller, trunk.id, edit
    ).provisioning
    assert await installed.work(trunk) == ids
    assert route(installed) == PARKED_ROUTE
    verify(installed, trunk, report_of(ONE, host="sip1.carrier.example", priority=10), Dialled(ipv4=(ONE,)))
    assert shown(installed, trunk) == (None, None, None)
    assert rehearsal.resume() == 1
    assert await installed.work(trunk) == ids
    assert route(installed) is None
    assert shown(installed, trunk)[0] is WayForm.AS_GIVEN
    assert rehearsal.resume() is None


def kinds_of(judgement: Judgement) -> list[SideFinding]:
    return [each.finding for each in judgement.found]


async def test_an_address_that_no_call_may_go_to_is_parked_from_the_start(installed: Installed) -> None:
    for number, host in enumerate(("10.0.0.5", "127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.5]")):
        trunk = installed.make_trunk(f"+1415555{number:04}", name=f"Trunk {number}", domain=host)
        await installed.work(trunk)
        found = view(installed, trunk).way
        assert (found.way is not None and found.way.form, found.callable) == (WayForm.PARKED, False)
        assert "no call may go there; give the carrier's public address" in (found.reason or "")
    assert {side.headers.get("Route") for side in installed.server.outbound.values()} == {PARKED_ROUTE}
    assert (await installed.judge()).found == ()


async def test_once_it_is_accepted_that_a_route_is_ignored_trunks_follow_and_back(
    installed: Installed,
) -> None:
    trunk = installed.make_trunk(outbound_proxy=HostPort(PROXY))
    await installed.work(trunk)
    verify(installed, trunk, report_of(ONE, host=PROXY))
    assert shown(installed, trunk) == (WayForm.ROUTE, f"{ONE}:5060/udp", True)
    turns = installed.store.installation.provisions.check_turns
    way_turns = installed.store.installation.runs.way_turns

    def measure(route: Answer, *, accept: bool = False) -> WayForm | None:
        claim_id = turns.claim()
        assert claim_id is not None
        turns.finish(claim_id, Measurement(Answer.YES, route, frozenset()), accept=accept)
        way_turns.tend()
        return shown(installed, trunk)[0]

    assert measure(Answer.YES) is WayForm.ROUTE
    assert measure(Answer.NO) is WayForm.ROUTE
    assert measure(Answer.NO, accept=True) is WayForm.PARKED
    assert measure(Answer.YES) is WayForm.ROUTE
