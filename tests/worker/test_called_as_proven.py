"""What was proven is what calls use: situations in which the infrastructure would have dialled elsewhere, each with a
name server, a carrier, a verification by the service, and a call by the double of LiveKit.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.observed import insist
from tests.peers.livekit.names import OWN_HOST
from tests.worker.service import Service
from tests.worker.situations import (
    Installed,
    Place,
    Situation,
    challenging,
    for_its_domain,
    no_route,
    open_installed,
    warned,
)
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.clock import utc_now
from trunks.installation.installation import Installation
from trunks.models.trunk import Trunk
from trunks.repositories.outbound_ways import OutboundWays
from trunks.rules.way_evidence import WayForm
from trunks.runs.calls.wish import CallWish
from trunks.voice.blueprint import PARKED_ROUTE
from worker.runtime import Runtime

pytestmark = pytest.mark.peers

TLS = TransportName.TLS
SRV = "_sip._udp.{d}. IN SRV 10 0 {p} sip1.{d}.\nsip1.{d}. IN A {one}\n"
SRV_TLS = "_sips._tcp.{d}. IN SRV 10 0 {p} sip1.{d}.\nsip1.{d}. IN A {one}\n"
ELSEWHERE, TO_ITSELF = "none of the ways that were found here", "would send calls to itself"
BY_TLS = "<sip:sip1.{d}:{p};lr;transport=tls>"

SITUATIONS = {
    "a-and-srv-differ": Situation(zone=SRV + "{d}. IN A {dead}", warning=ELSEWHERE),
    "srv-alone": Situation(
        zone=SRV + "_sip._udp.{d}. IN SRV 20 0 {p} sip2.{d}.\nsip2.{d}. IN A {two}",
        at=("one", "two"),
        warning=TO_ITSELF,
    ),
    "srv-alone-first-dead": Situation(
        zone=SRV + "_sip._udp.{d}. IN SRV 20 0 {p} sip2.{d}.\nsip2.{d}. IN A {two}",
        at=("two",),
        sees="two",
        route="<sip:{two}:{p};lr;transport=udp>",
        warning=TO_ITSELF,
    ),
    "first-address-dead": Situation(
        zone="{d}. IN A {dead}\n{d}. IN A {one}",
        with_port=True,
        before=True,
        may_warn=True,  # DNS turns its answers round
        address="{d}:{p}",
    ),
    "one-address": Situation(
        zone="{d}. IN A {one}",
        with_port=True,
        before=True,
        form=WayForm.AS_GIVEN,
        route=None,
        address="{d}:{p}",
    ),
    "only-its-own-domain": Situation(
        zone=SRV, conduct=for_its_domain("only-its-own-domain"), warning=TO_ITSELF
    ),
    "refuses-a-route": Situation(
        zone=SRV,
        conduct=no_route,
        form=WayForm.TARGET,
        route=None,
        address="sip1.{d}:{p}",
        warning=TO_ITSELF,
    ),
    "refuses-both": Situation(
        zone=SRV,
        conduct=for_its_domain("refuses-both", also_without_route=True),
        form=WayForm.PARKED,
        callable=False,
        after=False,
        route=PARKED_ROUTE,
        warning=TO_ITSELF,
        says="ask the carrier for an address of",
    ),
    "ipv6-alone": Situation(
        zone="{d}. IN AAAA ::1",
        at=("six",),
        with_port=True,
        before=True,
        sees="six",
        form=WayForm.AS_GIVEN,
        callable=None,
        route=None,
        address="{d}:{p}",
        warning="by IPv6, if it can",
        says="ask the carrier for one of IPv4",
    ),
    "behind-a-proxy": Situation(zone="{d}. IN A {dead}", proxied=True),
    "tls-by-the-target": Situation(
        zone=SRV_TLS, transport=TLS, names=("{d}", "sip1.{d}"), route=BY_TLS, warning="no address"
    ),
    "tls-by-a-wildcard": Situation(
        zone=SRV_TLS, transport=TLS, names=("{d}", "*.{d}"), route=BY_TLS, warning="no address"
    ),
    "tls-by-the-address": Situation(
        zone=SRV_TLS,
        transport=TLS,
        names=("{d}", "{one}"),
        route="<sip:{one}:{p};lr;transport=tls>",
        warning="no address",
    ),
    "tls-by-the-domain": Situation(
        zone="{d}. IN A {one}",
        transport=TLS,
        names=("{d}",),
        with_port=True,
        before=True,
        form=WayForm.AS_GIVEN,
        route=None,
        address="{d}:{p}",
        warning="only the CA file here vouches",
    ),
    # RFC 5922 §4 wants the domain's own name: such a trunk is not verified, and what is not verified has no way.
    "tls-of-the-target-alone": Situation(
        zone=SRV_TLS,
        transport=TLS,
        names=("sip1.{d}",),
        fails="tls-name-mismatch",
        form=WayForm.AS_GIVEN,
        callable=None,
        after=False,
        route=None,
        warning="no address",
        says="No verification found the trunk to answer",
    ),
    "tls-of-the-domain-elsewhere": Situation(
        zone=SRV_TLS,
        transport=TLS,
        names=("{d}",),
        form=WayForm.PARKED,
        callable=False,
        after=False,
        route=PARKED_ROUTE,
        warning="no address",
        says="no address of its own",
    ),
    "a-challenge-that-calls-cannot-answer": Situation(
        zone="{d}. IN A {one}",
        with_port=True,
        before=True,
        ends=None,
        conduct=challenging('Digest realm="carrier", nonce="abc", algorithm=MD5-sess, qop="auth"'),
        form=WayForm.AS_GIVEN,
        callable=False,
        route=None,
        address="{d}:{p}",
        warning="does not know its algorithm, MD5-sess",
        says="ask the carrier to challenge with Digest",
    ),
}


MANY = SITUATIONS["srv-alone"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("ways")
    with open_installed(folder, sqlite_template, {**SITUATIONS, "many": MANY}) as everything:
        yield everything


@pytest.mark.parametrize("name", SITUATIONS)
def test_calls_go_where_was_proven(installed: Installed, name: str) -> None:
    place = installed.places[name]
    expected = place.situation
    number = f"+1415555{1000 + list(SITUATIONS).index(name)}"
    trunk = installed.provide(place, number)
    before = installed.side(number)
    if not expected.before:
        installed.call(before)
        arrived = place.invited()
        assert not arrived or expected.warning
    run = installed.service.verify(trunk)
    if expected.fails is None:
        assert (run.outcome or "") in ("verified", "reachable"), run.summary
    else:
        assert (run.outcome, run.reason) == ("failed", expected.fails)
    said = warned(run)
    assert (expected.warning or "") in said
    assert bool(said) is (expected.warning is not None) or expected.may_warn
    side = installed.wait_for_side(
        number,
        None if expected.route is None else place.filled(expected.route),
        place.filled(expected.address),
    )
    assert side.sip_trunk_id == before.sip_trunk_id
    place.invited()
    refused = installed.call(side)
    assert place.invited() == ([expected.sees] if expected.after else [])
    if expected.after:
        assert refused.meta.get("sip_status_code") == expected.ends
    shown = installed.shown(trunk)
    assert shown.way is not None
    assert (shown.way.form, shown.callable) == (expected.form, expected.callable)
    assert expected.says in (shown.reason or "")
    if expected.form is WayForm.TARGET:
        assert side.from_host == place.domain


# By which way each is called: as given, by a Route over UDP and TLS, by the target's own name.
WRITTEN = {
    "one-address": WayForm.AS_GIVEN,
    "tls-by-the-target": WayForm.ROUTE,
    "srv-alone-first-dead": WayForm.ROUTE,
    "refuses-a-route": WayForm.TARGET,
}


@pytest.mark.parametrize("name", WRITTEN)
def test_ours_are_written_as_the_infrastructure_writes_its_own(installed: Installed, name: str) -> None:
    """A proof by INVITE and a test call of the same trunk: Request-URI, To, From and Route."""
    place, service, number = installed.places[name], installed.service, f"+1415555{2000 + len(name)}"
    service.installation.tenancy.tenants.change_calls(
        service.store.tenant, allow_test_calls=True, call_countries=["GB"]
    )
    trunk = installed.provide(place, number)
    service.verify(trunk)
    proof = TrunkEdit(proof=Proof.INVITE)
    insist(service.installation.catalog.updates.apply, service.store.caller, trunk.id, proof)
    situation = place.situation
    side = installed.wait_for_side(
        number,
        None if situation.route is None else place.filled(situation.route),
        place.filled(situation.address),
    )
    place.invited()
    installed.call(side)
    theirs = written(place)
    assert service.verify(trunk).reason in (Reason.ALIVE_CREDENTIALS_UNPROVEN, Reason.CREDENTIALS_PROVEN)
    proven = written(place)
    # One number is called three times an hour.
    wish = CallWish(called=f"+44207123456{list(WRITTEN).index(name)}", ring_seconds=20.0)
    call = insist(service.installation.runs.calls.ask, service.store.caller, trunk.id, wish)
    service.doorbell.ring(call.id)
    service.wait_done(call.id)
    assert written(place) == proven == theirs
    with service.installation.database.read() as session:
        assert OutboundWays(session).of([trunk.id])[trunk.id].way.form is WRITTEN[name]


def written(place: Place) -> list[list[str]]:
    """What the first INVITE that came says: but for whom it is, and for the address that it left from."""
    heard = [each for peer in place.peers.values() for each in peer.heard if each.method == "INVITE"]
    lines = [heard[0].text.split()[1], *(heard[0].header(name)[0] for name in ("To", "From"))]
    uris = [re.sub(r".*?(sips?:[^>]*).*", r"\1", each) for each in lines]
    own = "|".join(map(re.escape, ("127.0.0.1", OWN_HOST)))
    uris = [re.sub(rf"@({own})(?=;|$)", "@us", uri) for uri in uris]
    uris = [re.sub(r"\+(44|889)[0-9]+", "called", uri) for uri in uris]
    place.invited()
    return [uris, heard[0].header("Route")]


@contextmanager
def second_worker(service: Service, on_done: Callable[[UUID], None]) -> Iterator[Runtime]:
    """Run a second worker's engine, store and turns beside the first; a process has no more that is its own."""
    installation = Installation(service.installation.settings, clock=utc_now)

    def tell(verification_id: UUID) -> None:
        on_done(verification_id)
        service._on_done(verification_id)

    runtime = Runtime(lambda: installation, doorbell=service.doorbell, on_done=tell)
    runtime.start()
    try:
        yield runtime
    finally:
        runtime.stop()
        installation.close()


def verify_all(service: Service, place: Place, count: int) -> tuple[list[Trunk], int]:
    """Verify so many trunks at a place; a second worker comes when one is done, and alone is told of the later half.

    Give them, and how many the second worker verified.
    """
    trunks = [
        service.store.make_trunk(name=f"Trunk {number}", domain=place.domain, port=None, transport=None)
        for number in range(count)
    ]
    asked = [service.request(trunk) for trunk in trunks[: count // 2]]
    service.wait_done(asked[0])
    taken: list[UUID] = []
    with second_worker(service, taken.append) as other:
        for trunk in trunks[count // 2 :]:
            asked.append(service.installation.runs.requests.request(service.store.caller, trunk.id))
            other.wake()
        for verification_id in asked:
            service.wait_done(verification_id)
    return trunks, len(taken)


@pytest.mark.parametrize("count", [40, pytest.param(200, marks=pytest.mark.long)])
def test_many_trunks_and_two_workers_ask_once_at_each_edge(installed: Installed, count: int) -> None:
    place = installed.places["many"]
    service = installed.service
    trunks, taken = verify_all(service, place, count)
    assert 0 < taken < len(trunks)
    for peer in place.peers.values():
        peer.settle()
        asked = [each.header("Route") for each in peer.heard if each.method == "OPTIONS"]
        assert len([each for each in asked if each]) == 1
    assert installed.wait_led(trunks) == {WayForm.ROUTE}
