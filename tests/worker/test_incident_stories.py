"""One thing changes under twenty trunks, at real peers and a real name server: one incident says what, and whose."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from sipcheck.engine import Engine
from sipcheck.target import TransportName
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.ports import free_port
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import Script, UdpPeer, silent
from tests.peers.unbound_server import UnboundServer
from tests.sipcheck.sweep.test_liveness_question import answers
from tests.trunks.forms import Store, make_store, sqlite_template, store_settings
from tests.trunks.health_watch import LONG_ENOUGH_SECONDS, HealthWatch
from tests.trunks.people.test_incidents import follow, incidents
from trunks.health.check import CheckResult
from trunks.installation.setting_values import read_nameservers, read_networks
from trunks.installation.settings import Settings
from worker.checks.check_knocks import CheckKnocks
from worker.checks.destination_check import DestinationCheck

__all__ = ["make_store", "sqlite_template", "store_settings"]

pytestmark = [
    pytest.mark.peers,
    pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True),
]

TRUNKS = 20
WORKING, BROKEN = "127.0.0.71", "127.0.0.72"


@dataclass
class Carrier:
    """Twenty trunks of two tenants at one domain, and a worker's checks of it."""

    store: Store
    given: dict[str, Any]
    transport: TransportName
    call_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.other = Store(self.store.installation, self.store.clock, tenant="other")
        for number in range(TRUNKS):
            watch = HealthWatch(self.store if number % 2 else self.other)
            watch.verified(
                name=f"Trunk {number}", domain="carrier.example", port=None, transport=self.transport
            )

    async def check(self, zone: UnboundServer, *, times: int) -> None:
        names = read_nameservers(f"{zone.address}:{zone.port}")
        settings = self.store.installation.settings.model_copy(update={"nameservers": names, **self.given})
        async with Engine(settings.engine_settings()) as engine:
            for _ in range(times):
                await self._check(engine)
        follow(self.store)

    async def _check(self, engine: Engine) -> None:
        installation, found = self.store.installation, list[CheckResult]()
        self.store.clock.advance(LONG_ENOUGH_SECONDS)
        claims = installation.health.claims.claim(limit=10)
        assert len(claims) == 1
        check = DestinationCheck(
            engine,
            installation.runs.address_limits,
            CheckKnocks(installation.runs.check_ledger),
            timeout_seconds=0.5,
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
    make_store: Callable[[Settings], Store], store_settings: Settings, certificates: Certificates
) -> Callable[[TransportName], Carrier]:
    given = {
        "allow_networks": read_networks("127.0.0.0/8"),
        "address_rate": 0.0,
        "address_concurrency": 0,
        "ca_file": certificates.ca_file,
    }
    store = make_store(store_settings.model_copy(update=given))
    return lambda transport: Carrier(store, given, transport)


async def test_an_srv_target_is_gone(lab: Lab, carrier_of: Callable[[TransportName], Carrier]) -> None:
    lab.udp(answers(200), address=WORKING, port=lab.port)
    lab.udp(silent, address=BROKEN, port=lab.port)
    carrier = carrier_of(TransportName.UDP)
    await carrier.check(lab.srv("udp", ("sip1", WORKING), ("sip2", BROKEN)), times=1)
    await carrier.check(lab.srv("udp", ("sip2", BROKEN)), times=3)
    for store in (carrier.store, carrier.other):
        (view,) = incidents(store)
        (change,) = view.changed
        assert (view.trunks, view.of, view.reason) == (TRUNKS / 2, TRUNKS / 2, "no-response")
        assert (change.what, change.before) == ("server", "sip1.carrier.example")
        assert "no longer named sip1.carrier.example" in change.sentence
        # The first that failed for all is what the carrier's engineer looks for; one edge was silent before.
        letter = store.installation.people.incidents.letter(store.caller, view.id)
        assert [each in letter for each in carrier.call_ids] == [False, True, False, False]


async def test_a_domain_is_gone(lab: Lab, carrier_of: Callable[[TransportName], Carrier]) -> None:
    lab.udp(answers(200), address=WORKING, port=lab.port)
    carrier = carrier_of(TransportName.UDP)
    await carrier.check(lab.srv("udp", ("sip1", WORKING)), times=1)
    await carrier.check(lab.zone("", zone="carrier.example."), times=3)
    (view,) = incidents(carrier.store)
    (change,) = view.changed
    assert (change.what, change.before) == ("dns", f"sip1.carrier.example ({WORKING}:{lab.port}/udp)")
    assert f"and nowhere at the first failure ({view.reason})." in change.sentence


async def test_a_certificate_is_another(lab: Lab, carrier_of: Callable[[TransportName], Carrier]) -> None:
    zone = lab.srv("tls", ("sip1", WORKING))
    place = {"address": WORKING, "port": lab.port}
    with_good = lab.tls(certificate=lab.certificates[CertificateKind.GOOD], **place)
    carrier = carrier_of(TransportName.TLS)
    await carrier.check(zone, times=1)
    with_good.end()
    lab.tls(certificate=lab.certificates[CertificateKind.UNTRUSTED_CA], **place)
    await carrier.check(zone, times=3)
    (view,) = incidents(carrier.store)
    (change,) = view.changed
    assert (view.trunks, view.reason, change.what) == (TRUNKS / 2, "tls-untrusted", "certificate")
    assert change.sentence.endswith("It was refused (tls-untrusted).")


async def test_a_carrier_is_silent_and_nothing_else_is_found(
    lab: Lab, carrier_of: Callable[[TransportName], Carrier]
) -> None:
    zone = lab.srv("udp", ("sip1", WORKING))
    peer = lab.udp(answers(200), address=WORKING, port=lab.port)
    carrier = carrier_of(TransportName.UDP)
    await carrier.check(zone, times=1)
    peer.end()
    lab.udp(silent, address=WORKING, port=lab.port)
    await carrier.check(zone, times=3)
    (view,) = incidents(carrier.store)
    assert (view.reason, view.changed) == ("no-response", ())
