"""One thing changes under many trunks, at real peers and a real name server: one incident says what, and whose.

At a thousand trunks with `make test-long`; tests/trunkd/test_thousand_trunks.py has them under a running trunkd.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import pytest

from api.talkover.people.incident_answers import show_incident
from sipcheck.engine import Engine
from sipcheck.target import TransportName
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.kamailio import Kamailio
from tests.peers.network_namespace import FAR_ADDRESS, NamespaceRefused, SlowRoad, run_in_namespace
from tests.peers.ports import free_port
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import Script, UdpPeer, silent
from tests.peers.unbound_server import UnboundServer
from tests.sipcheck.sweep.test_liveness_question import answers
from tests.trunks.forms import PASSWORD, Store, make_store, sqlite_template, store_settings
from tests.trunks.health_watch import LONG_ENOUGH_SECONDS, HealthWatch
from tests.trunks.people.test_incidents import follow, incidents
from trunks.health.check import CheckResult
from trunks.installation.setting_values import read_nameservers, read_networks
from trunks.installation.settings import Settings
from trunks.people.incident_view import Elsewhere, IncidentView
from trunks.rules.incidents import rounded
from worker.checks.check_knocks import CheckKnocks
from worker.checks.destination_check import DestinationCheck

__all__ = ["make_store", "sqlite_template", "store_settings"]

pytestmark = [
    pytest.mark.peers,
    pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True),
]

DOMAIN = "carrier.example"
WORKING, BROKEN = "127.0.0.71", "127.0.0.72"
OTHERS = 5
CarrierOf = Callable[..., "Carrier"]
CHECK_SECONDS = 0.5


@pytest.fixture(params=[20, pytest.param(1_000, marks=pytest.mark.long)])
def size(request: pytest.FixtureRequest) -> int:
    """How many trunks there are."""
    return int(request.param)


@dataclass
class Carrier:
    """Trunks at one domain, two of five of one tenant and the others of five, and a worker's checks of it."""

    store: Store
    given: dict[str, Any]
    transport: TransportName
    size: int
    domain: str = DOMAIN
    port: int | None = None
    call_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        others = [
            Store(self.store.installation, self.store.clock, tenant=f"secret {number}")
            for number in range(OTHERS)
        ]
        theirs = cycle(others)
        self.owners = [self.store if number % 5 < 2 else next(theirs) for number in range(self.size)]
        for number, owner in enumerate(self.owners):
            HealthWatch(owner).verified(
                name=f"Name {number}", domain=self.domain, port=self.port, transport=self.transport
            )

    @property
    def stores(self) -> Sequence[Store]:
        return list({each.tenant: each for each in self.owners}.values())

    async def check(self, zone: UnboundServer | None, *, times: int, seconds: float = CHECK_SECONDS) -> None:
        names = () if zone is None else read_nameservers(f"{zone.address}:{zone.port}")
        settings = self.store.installation.settings.model_copy(update={"nameservers": names, **self.given})
        async with Engine(settings.engine_settings()) as engine:
            for _ in range(times):
                await self._check(engine, seconds)
        follow(self.store)

    def told(self) -> list[tuple[IncidentView, str]]:
        """Give the one incident as each tenant is told of it, with his letter."""
        found = []
        for store in self.stores:
            (view,) = incidents(store)
            letter = store.installation.people.incidents.letter(store.caller, view.id)
            own = self.owners.count(store)
            others = rounded(self.size - own)
            assert (view.trunks, view.of, view.elsewhere) == (own, own, Elsewhere(others, others))
            shown = show_incident(view).model_dump_json() + letter
            assert not any(each in shown for each in ("secret", "Name", PASSWORD))
            found.append((view, letter))
        assert len({view.id for view, _ in found}) == 1
        return found

    async def _check(self, engine: Engine, seconds: float) -> None:
        installation, found = self.store.installation, list[CheckResult]()
        self.store.clock.advance(LONG_ENOUGH_SECONDS)
        claims = installation.health.claims.claim(limit=10)
        assert len(claims) == 1
        check = DestinationCheck(
            engine,
            installation.runs.address_limits,
            CheckKnocks(installation.runs.check_ledger),
            timeout_seconds=seconds,
            on_result=found.append,
            on_refused=lambda *_: pytest.fail("nothing limits it"),
        )
        await check.check(claims)
        installation.health.results.settle(found)
        self.call_ids += [call_id for each in found for _, call_id in each.call_ids]


@dataclass
class Lab:
    """What a story is made of: peers, a name server, and settings that trust them."""

    udp: Callable[..., UdpPeer]
    tls: Callable[..., TlsServer]
    zone: Callable[..., UnboundServer]
    certificates: Certificates
    port: int = field(default_factory=free_port)

    def srv(self, transport: str, *targets: tuple[str, str]) -> UnboundServer:
        prefix = "_sips._tcp" if transport == "tls" else f"_sip._{transport}"
        lines = [
            f"{prefix} IN SRV 10 0 {self.port} {name}\n{name} IN A {address}" for name, address in targets
        ]
        return self.zone("\n".join(lines), zone="carrier.example.")


@pytest.fixture
def lab(
    tls_server_factory: Callable[..., TlsServer],
    unbound_factory: Callable[..., UnboundServer],
    certificates: Certificates,
) -> Iterator[Lab]:
    with ExitStack() as stack:

        def udp(script: Script, **place: Any) -> UdpPeer:
            return stack.enter_context(UdpPeer(script, **place))

        yield Lab(udp, tls_server_factory, unbound_factory, certificates)


@pytest.fixture
def carrier_of(
    make_store: Callable[[Settings], Store], store_settings: Settings, certificates: Certificates, size: int
) -> CarrierOf:
    given = {
        "allow_networks": read_networks(f"127.0.0.0/8,{FAR_ADDRESS}/32"),
        "address_rate": 0.0,
        "address_concurrency": 0,
        "ca_file": certificates.ca_file,
    }
    store = make_store(store_settings.model_copy(update=given))
    return lambda transport, **place: Carrier(store, given, transport, size, **place)


async def test_an_srv_target_is_gone(lab: Lab, carrier_of: CarrierOf) -> None:
    lab.udp(answers(200), address=WORKING, port=lab.port)
    lab.udp(silent, address=BROKEN, port=lab.port)
    carrier = carrier_of(TransportName.UDP)
    await carrier.check(lab.srv("udp", ("sip1", WORKING), ("sip2", BROKEN)), times=1)
    await carrier.check(lab.srv("udp", ("sip2", BROKEN)), times=3)
    for view, letter in carrier.told():
        (change,) = view.changed
        assert (view.reason, change.what, change.before) == ("no-response", "server", f"sip1.{DOMAIN}")
        assert f"no longer named sip1.{DOMAIN}" in change.sentence
        # The first that failed for all is what the carrier's engineer looks for; one edge was silent before.
        assert [each in letter for each in carrier.call_ids] == [False, True, False, False]


async def test_a_domain_is_gone(lab: Lab, carrier_of: CarrierOf) -> None:
    lab.udp(answers(200), address=WORKING, port=lab.port)
    carrier = carrier_of(TransportName.UDP)
    await carrier.check(lab.srv("udp", ("sip1", WORKING)), times=1)
    await carrier.check(lab.zone("", zone=f"{DOMAIN}."), times=3)
    for view, letter in carrier.told():
        (change,) = view.changed
        assert (change.what, change.before) == ("dns", f"sip1.{DOMAIN} ({WORKING}:{lab.port}/udp)")
        assert f"and nowhere at the first failure ({view.reason})." in change.sentence
        assert change.sentence in letter


async def test_a_certificate_is_another(lab: Lab, carrier_of: CarrierOf) -> None:
    zone = lab.srv("tls", ("sip1", WORKING))
    place = {"address": WORKING, "port": lab.port}
    with_good = lab.tls(certificate=lab.certificates[CertificateKind.GOOD], **place)
    carrier = carrier_of(TransportName.TLS)
    await carrier.check(zone, times=1)
    with_good.end()
    lab.tls(certificate=lab.certificates[CertificateKind.UNTRUSTED_CA], **place)
    await carrier.check(zone, times=3)
    for view, letter in carrier.told():
        (change,) = view.changed
        assert (view.reason, change.what) == ("tls-untrusted", "certificate")
        assert change.sentence.endswith("It was refused (tls-untrusted).")
        assert change.sentence in letter


async def test_a_kamailio_is_stopped(
    lab: Lab, carrier_of: CarrierOf, kamailio_factory: Callable[..., Kamailio]
) -> None:
    kamailio = kamailio_factory(address=WORKING, port=lab.port, domain=DOMAIN)
    zone = lab.srv("udp", ("sip1", WORKING))
    carrier = carrier_of(TransportName.UDP)
    await carrier.check(zone, times=2)
    kamailio.kill()
    await carrier.check(zone, times=3)
    for view, letter in carrier.told():
        assert view.cause.startswith(f"{DOMAIN} has not answered our checks since ")
        # Of silence alone nothing can be said that changed.
        assert (view.changed, view.cause in letter) == ((), True)
    kamailio.start()
    await carrier.check(zone, times=2)
    assert {view.closed_at is None for view, _ in carrier.told()} == {False}


async def test_a_road_grows_long_and_is_lost(carrier_of: CarrierOf) -> None:
    """A network of its own: the carrier stands in another one, and what is between them takes its time."""
    carrier = carrier_of(TransportName.UDP, domain=FAR_ADDRESS, port=5060)

    async def fall(road: SlowRoad) -> None:
        for delay_seconds, times, seconds in ((0.0, 4, 5.0), (0.4, 1, 5.0), (None, 3, 0.2)):
            road.delay_seconds = delay_seconds
            await carrier.check(None, times=times, seconds=seconds)

    try:
        with SlowRoad(lambda: UdpPeer(answers(200), address=FAR_ADDRESS, port=5060)) as road:
            run_in_namespace(lambda: fall(road), router=road)
    except NamespaceRefused as refused:
        pytest.skip(str(refused))
    for view, letter in carrier.told():
        (change,) = view.changed
        assert (view.reason, change.what) == ("no-response", "latency")
        assert "the round trip had risen from about" in change.sentence
        assert change.sentence in letter
