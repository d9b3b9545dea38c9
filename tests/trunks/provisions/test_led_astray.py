"""Names that lead calls where nobody may be called: seen by checks, and before a side is opened for the first time."""

import pytest

from sipcheck.dns.resolver import Resolver
from sipcheck.guard import Guard
from sipcheck.reasons import Reason
from sipcheck.target import Target, TransportName
from tests.peers.dns_server import DnsServer
from tests.trunks.provisions.installed import Installed
from tests.trunks.provisions.test_forms_of_calls import way_of
from tests.trunks.provisions.test_way_checks import FIRST, check, note, prove
from tests.trunks.provisions.test_ways import ONE, provision_of, report_of, route, shown, verify
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.models.provision import ProvisionStatus
from trunks.models.trunk import Trunk
from trunks.provisions.seen_host import SeenHost
from trunks.rules.resolver_lie import confirmed_after
from trunks.rules.way_evidence import Dialled, WayForm
from trunks.voice.blueprint import PARKED_ROUTE
from worker.provisioning.dialled_names import NameJudge

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

SRV_ALONE, CLEAN = Dialled(), Dialled(ipv4=(ONE,))
PRIVATE = Dialled(ipv4=("10.0.0.1",), forbidden=True)
CONFIRMED_SECONDS = confirmed_after(60.0).total_seconds()


@pytest.mark.parametrize("dialled", [SRV_ALONE, PRIVATE], ids=["srv-alone", "private"])
async def test_a_name_that_begins_to_lead_astray_is_parked_until_it_is_mended(
    installed: Installed, dialled: Dialled
) -> None:
    trunk = installed.make_trunk()
    ids = await installed.work(trunk)
    verify(installed, trunk, report_of(ONE), CLEAN)
    assert await installed.work(trunk) == ids
    assert shown(installed, trunk) == (WayForm.AS_GIVEN, FIRST, True)
    destination = trunk.gateways[0].destination_id
    check(installed, destination, {FIRST: True}, dialled=dialled)
    assert provision_of(installed, trunk.id).status is ProvisionStatus.DONE
    check(installed, destination, {FIRST: True}, dialled=dialled, after_seconds=CONFIRMED_SECONDS)
    assert await installed.work(trunk) == ids
    assert route(installed) == PARKED_ROUTE
    assert (await installed.judge()).found == ()
    # Neither an edit, nor taking it back, opens it.
    updates = installed.store.installation.catalog.updates
    edited = updates.apply(installed.store.caller, trunk.id, TrunkEdit(password="another"))
    assert await installed.work(trunk) == ids
    assert route(installed) == PARKED_ROUTE
    updates.take_back(edited)
    assert await installed.work(trunk) == ids
    assert route(installed) == PARKED_ROUTE
    check(installed, destination, {FIRST: True}, dialled=CLEAN)
    assert await installed.work(trunk) == ids
    assert route(installed) is None
    assert (await installed.judge()).found == ()


async def test_it_is_pinned_to_the_literal_that_was_proven_where_one_was(installed: Installed) -> None:
    trunk = installed.make_trunk()
    await installed.work(trunk)
    destination = prove(installed, trunk)
    check(installed, destination, {FIRST: True}, dialled=CLEAN)
    for seconds in (1.0, CONFIRMED_SECONDS):
        check(installed, destination, {FIRST: True}, dialled=PRIVATE, after_seconds=seconds)
    assert shown(installed, trunk) == (WayForm.ROUTE, FIRST, True)


def test_one_that_never_answered_is_parked_by_checks_and_opened_by_them(installed: Installed) -> None:
    trunk = installed.make_trunk()
    destination = trunk.gateways[0].destination_id
    for seconds in (1.0, CONFIRMED_SECONDS):
        check(installed, destination, {}, reason=Reason.ADDRESS_FORBIDDEN, after_seconds=seconds)
    assert no_way(installed, trunk)
    check(installed, destination, {FIRST: True}, dialled=CLEAN)
    assert not no_way(installed, trunk)


def no_way(installed: Installed, trunk: Trunk) -> bool:
    """Whether a side that is written now is parked."""
    claim = installed.store.installation.provisions.claims.claim(trunk.id)
    assert claim is not None
    assert claim.blueprint is not None
    installed.store.installation.provisions.claims.release(claim)
    return claim.blueprint.no_way is not None


def test_a_resolver_of_ours_that_loses_everyones_addresses_parks_nobody(installed: Installed) -> None:
    trunks = [
        installed.make_trunk(f"+1415555{number:04}", name=f"Trunk {number}", domain=f"c{number}.example")
        for number in range(11)
    ]
    for trunk in trunks:
        verify(installed, trunk, report_of(ONE), CLEAN)
    checks = installed.store.installation.runs.way_checks
    for _ in range(3):
        for trunk in trunks:
            note(installed, trunk.gateways[0].destination_id, {FIRST: True}, dialled=SRV_ALONE)
        installed.store.clock.advance(40)
        assert checks.tend() == len(trunks)
    for trunk in trunks:
        check(installed, trunk.gateways[0].destination_id, {FIRST: True}, dialled=CLEAN, after_seconds=1)
    assert checks.tend() == 0
    assert {way_of(installed, trunk) for trunk in trunks} == {(WayForm.AS_GIVEN, FIRST)}


ZONES = {
    "private": ("x.example. A 10.0.0.1", "leads to an address or a port that no call may go to"),
    "one of two private": ("x.example. A 8.8.8.8\nx.example. A 10.0.0.1", "no call may go to"),
    "SRV to a private name": (
        "_sip._udp.x.example. SRV 10 0 5060 redis.default.svc.\nredis.default.svc. A 8.8.8.8",
        "no call may go to",
    ),
    "SRV alone": (
        "_sip._udp.x.example. SRV 10 0 5060 a.x.example.\na.x.example. A 8.8.8.8",
        "SRV records and no",
    ),
    "SRV, and a private address": (
        "_sip._udp.x.example. SRV 10 0 5060 a.x.example.\na.x.example. A 8.8.8.8\nx.example. A 10.0.0.1",
        "an address of its own that no call may go to",
    ),
    "public": ("x.example. A 8.8.8.8", None),
    "nowhere": ("y.example. A 8.8.8.8", None),
}


async def test_a_name_is_judged_before_its_side_is_opened(installed: Installed) -> None:
    claims, secrets = installed.store.installation.provisions.claims, installed.store.installation.secrets
    with DnsServer() as server:
        judge = NameJudge(Resolver(nameservers=[server.address]), Guard())
        for number, (name, (zone, told)) in enumerate(ZONES.items()):
            server.serve(zone)
            seen = await judge.judge(Target("x.example"))
            trunk = installed.make_trunk(f"+1415555{number:04}", name=name, domain=f"x{number}.example")
            claim = claims.claim(trunk.id)
            assert claim is not None
            assert claim.blueprint is not None
            assert claim.blueprint.unjudged == Target(f"x{number}.example", 5060, TransportName.UDP)
            judged = claims.judged(claim, seen).blueprint
            assert judged is not None
            assert (told in (judged.no_way or "")) if told else judged.no_way is None, name
            side = judged.desired(secrets).outbound
            assert side is not None
            assert (side.route == PARKED_ROUTE) is (told is not None), name
            # Whoever reads the rows afterwards, as reconciliation does, wants the same.
            claims.release(claim)
            assert no_way(installed, trunk) is (told is not None), name
    unanswered = await NameJudge(Resolver(nameservers=[server.address]), Guard()).judge(Target("x.example"))
    assert unanswered == SeenHost(is_answered=False)
    assert "DNS did not say where x.example leads" in getattr(unanswered.bar("x.example"), "reason", "")
