"""A verification's report leads the outbound side on LiveKit: the worker's part, from DNS to the header."""

import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from sipcheck.target import HostPort
from tests.observed import insist
from tests.peers.dns_server import DnsServer
from tests.peers.livekit.server import LiveKitServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.shown_way import ShownWay
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.rules.way_evidence import WayForm
from trunks.voice.blueprint import PARKED_ROUTE

DOMAIN = "sip.carrier.example"
WITHIN_SECONDS = 20.0


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


@pytest.fixture
def dns_server() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


@pytest.fixture
def service(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    livekit_server: LiveKitServer,
    dns_server: DnsServer,
) -> Service:
    settings = with_livekit(form_settings, livekit_server, nameservers=(dns_server.address,))
    return start_service(settings)


@pytest.fixture
def carrier(udp_peer_factory: Callable[..., UdpPeer]) -> UdpPeer:
    return udp_peer_factory(lambda request: [reply_to(request)])


def provide(service: Service, **given: object) -> Trunk:
    """Make a trunk with a number, and its sides."""
    trunk = service.store.make_trunk(domain=DOMAIN, port=None, transport=None, wanted=True, **given)
    number = NewNumber(number="+14155551234")
    insist(service.installation.catalog.numbers.add, service.store.caller, trunk.id, number)
    assert service.store.provision(trunk.id)
    service.doorbell.ring_provision(trunk.id)
    service.wait_done(trunk.id)
    return trunk


def shown(service: Service, trunk: Trunk) -> ShownWay:
    return service.installation.catalog.views.get(service.store.caller, trunk.id).way


def wait_for_route(server: LiveKitServer, route: str | None) -> None:
    deadline = time.monotonic() + WITHIN_SECONDS
    while [each.headers.get("Route") for each in server.outbound.values()] != [route]:
        assert time.monotonic() < deadline, [dict(each.headers) for each in server.outbound.values()]
        time.sleep(0.02)


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_an_outbound_proxy_is_led_to_once_it_has_answered(
    service: Service, livekit_server: LiveKitServer, carrier: UdpPeer
) -> None:
    trunk = provide(service, outbound_proxy=HostPort(carrier.address, carrier.port))
    wait_for_route(livekit_server, PARKED_ROUTE)
    (side_id,) = livekit_server.outbound
    service.verify(trunk)
    wait_for_route(livekit_server, f"<sip:{carrier.address}:{carrier.port};lr;transport=udp>")
    assert list(livekit_server.outbound) == [side_id]
    (side,) = livekit_server.outbound.values()
    assert side.address == DOMAIN
    assert shown(service, trunk).callable is True


def only_as_given(request: bytes) -> Sequence[bytes]:
    """Answer what names the domain and carries no Route."""
    if b"\r\nRoute:" in request or f":{DOMAIN}".encode() not in request.partition(b"\r\n")[0]:
        return [reply_to(request, 403, "Forbidden")]
    return [reply_to(request)]


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_a_name_with_srv_alone_is_parked_until_it_has_an_address(
    service: Service,
    livekit_server: LiveKitServer,
    dns_server: DnsServer,
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    carrier = udp_peer_factory(only_as_given)
    srv = f"_sip._udp.{DOMAIN}. SRV 10 0 {carrier.port} sip1.carrier.example.\n"
    target = f"sip1.carrier.example. A {carrier.address}\n"
    dns_server.serve(srv + target)
    trunk = provide(service)
    wait_for_route(livekit_server, None)
    service.verify(trunk)
    wait_for_route(livekit_server, PARKED_ROUTE)
    found = shown(service, trunk)
    assert found.way is not None
    assert (found.way.form, found.callable) == (WayForm.PARKED, False)
    assert "SRV records and no address of its own" in (found.reason or "")
    dns_server.serve(f"{srv}{target}{DOMAIN}. A 127.0.0.9\n")
    service.verify(trunk)
    wait_for_route(livekit_server, None)
    found = shown(service, trunk)
    assert found.callable is None
    assert "127.0.0.9, port 5060 over udp, which was not verified" in (found.reason or "")
