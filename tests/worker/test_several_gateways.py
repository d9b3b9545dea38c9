"""A trunk of two gateways, of which the first may be dead: proven at the first that lives, over SIP."""

from collections.abc import Callable

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.target import TransportName
from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer, silent
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewGateway
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.rules.trunk_state import HealthStatus

HOST = "127.0.0.1"


def make_trunk(service: Service, *ports: int, password: str = PASSWORD) -> Trunk:
    gateways = tuple(
        NewGateway(host=HOST, port=port, transport=TransportName.UDP, priority=priority)
        for priority, port in enumerate(ports, 1)
    )
    return service.store.make_trunk(gateways=gateways, username=USERNAME, password=password)


@pytest.fixture
def kamailio(kamailio_factory: Callable[..., Kamailio]) -> Kamailio:
    return kamailio_factory(domain=HOST)


def test_a_dead_first_gateway_is_told_and_the_second_proves(
    service: Service, kamailio: Kamailio, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    dead = udp_peer_factory(silent)
    trunk = make_trunk(service, dead.port, kamailio.port)
    verification = service.verify(trunk)
    assert (verification.outcome, verification.reason) == (Outcome.VERIFIED, Reason.CREDENTIALS_PROVEN)
    assert verification.report is not None
    (warning,) = [each for each in verification.report["warnings"] if each["code"] == "edge-down"]
    assert f"{HOST}:{dead.port}" in warning["detail"]
    assert [each["outcome"] for each in verification.report["gateways"]] == ["failed", "verified"]
    found = service.store.trunk(trunk.id)
    assert (found.is_verified, found.health_status) == (True, HealthStatus.DEGRADED)
    assert not any(b"Authorization" in each.data for each in dead.received)
    results = [
        service.installation.health.latest.last_result(gateway.destination_id) for gateway in found.gateways
    ]
    assert [result is not None and result.alive for result in results] == [False, True]


def test_a_rejection_at_the_first_stops_there(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    kamailio: Kamailio,
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    # Each gateway has a part of it, which a busy machine needs.
    service = start_service(form_settings.model_copy(update={"verify_timeout_seconds": 8.0}))
    second = udp_peer_factory(silent)
    trunk = make_trunk(service, kamailio.port, second.port, password="not this one")
    verification = service.verify(trunk)
    assert (verification.outcome, verification.reason) == (Outcome.FAILED, Reason.CREDENTIALS_REJECTED)
    assert not any(b"REGISTER" in each.data for each in second.received)
    found = service.store.trunk(trunk.id)
    assert (found.is_verified, found.credentials) == (False, CredentialState.REJECTED)


def test_when_none_answers_the_first_ones_reason_counts(
    service: Service, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    trunk = make_trunk(service, udp_peer_factory(silent).port, udp_peer_factory(silent).port)
    verification = service.verify(trunk)
    assert (verification.outcome, verification.reason) == (Outcome.FAILED, Reason.NO_RESPONSE)


def silent_once_it_has_the_password(request: bytes) -> list[bytes]:
    if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
        return []
    return [challenge(request)]


def takes_the_password(request: bytes) -> list[bytes]:
    if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
        return [reply_to(request)]
    return [challenge(request)]


def challenge(request: bytes) -> bytes:
    header = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')
    return reply_to(request, 401, "Unauthorized", headers=[header])


def test_a_password_that_the_first_had_is_not_sent_to_the_second(
    service: Service, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    first, second = udp_peer_factory(silent_once_it_has_the_password), udp_peer_factory(takes_the_password)
    verification = service.verify(make_trunk(service, first.port, second.port))
    assert (verification.outcome, verification.reason) == (
        Outcome.REACHABLE,
        Reason.ALIVE_CREDENTIALS_UNPROVEN,
    )
    assert any(b"\r\nAuthorization:" in each.data for each in first.received)
    assert not any(b"\r\nAuthorization:" in each.data for each in second.received)
    assert verification.report is not None
    assert [each["outcome"] for each in verification.report["gateways"]] == [
        "inconclusive",
        "reachable",
    ]
