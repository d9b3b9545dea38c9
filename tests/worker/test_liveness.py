"""Health checks of running workers, as a carrier and a customer see them (docs/design/sip.md, "Liveness")."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.observed import insist, wait_until
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.kamailio import PASSWORD, Kamailio
from tests.peers.redis_server import RedisServer
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import UdpPeer
from tests.peers.unbound_server import UnboundServer
from tests.trunkd.daemon import Trunkd, settings_of_this_process
from tests.trunks.forms import SECRET_KEYS
from tests.trunks.health_watch import flips_are_held, latest_fall
from tests.worker.service import Service
from tests.worker.switched_peer import Behaviour, transactions
from trunks.clock import utc_now
from trunks.installation.setting_values import read_nameservers, read_targets
from trunks.installation.settings import Settings, load_settings
from trunks.models.destination_health import DestinationHealth
from trunks.models.mass_fall import MassFall
from trunks.models.trunk import Trunk
from trunks.rules.mass_failure import Release
from trunks.rules.trunk_state import Cause, HealthStatus

HOST = "127.0.0.1"
QUICK = {
    "health_interval_floor_seconds": 0.0,
    "health_interval_seconds": 0.5,
    "verify_timeout_seconds": 1.0,
    "probe_timeout_seconds": 0.5,
    # The tests' destinations fall together; tests/trunks/health/test_breaker.py has the breaker.
    "breaker_destinations": 1000,
}


@pytest.fixture
def quick(form_settings: Settings) -> Settings:
    return form_settings.model_copy(update=QUICK)


def _fall(service: Service) -> MassFall:
    found = latest_fall(service.installation)
    assert found is not None
    return found


def entered(service: Service, peer: UdpPeer | TlsServer, **given: Any) -> Trunk:
    """Enter a trunk at this peer and have it verified, by whichever worker."""
    values = {"transport": TransportName.UDP, "username": None, "password": None, "wanted": True}
    trunk = service.make_trunk(host=given.pop("host", peer.address), port=peer.port, **(values | given))
    verification_id = service.request(trunk)
    wait_until(lambda: bool(service.installation.runs.requests.done_among([verification_id])))
    assert service.store.run(trunk.id, verification_id).counted
    return trunk


def name_server(names: UnboundServer) -> str:
    return f"{names.address}:{names.port}"


def health_of(service: Service, trunk: Trunk) -> DestinationHealth:
    with service.installation.database.read() as session:
        return session.scalars(
            select(DestinationHealth).where(
                DestinationHealth.destination_id == trunk.gateways[0].destination_id
            )
        ).one()


def is_active(service: Service, trunk: Trunk) -> bool:
    return service.store.trunk(trunk.id).is_active


def test_a_carrier_that_falls_silent_and_speaks_again(
    start_service: Callable[[Settings], Service], quick: Settings, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    behaviour = Behaviour()
    peer = udp_peer_factory(behaviour)
    service = start_service(quick)
    trunks = [entered(service, peer) for _ in range(3)]
    off = entered(service, peer, wanted=False)
    behaviour.fall_silent()
    wait_until(lambda: not any(is_active(service, trunk) for trunk in trunks))
    found = service.store.trunk(trunks[0].id)
    assert (found.is_verified, found.health_status) == (True, HealthStatus.UNHEALTHY)
    behaviour.speak()
    wait_until(lambda: all(is_active(service, trunk) for trunk in trunks))
    assert [
        [flip.changes.get("is_active") for flip in service.store.flips(trunk.id)] for trunk in trunks
    ] == [[[False, True], [True, False], [False, True]]] * 3
    wait_until(lambda: service.store.trunk(off.id).health_status is HealthStatus.HEALTHY)
    assert not is_active(service, off)


def test_trunks_of_one_destination_share_one_request_a_cycle(
    start_service: Callable[[Settings], Service], quick: Settings, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    peer = udp_peer_factory(Behaviour())
    service = start_service(quick)
    trunks = [entered(service, peer) for _ in range(4)]
    wait_until(lambda: health_of(service, trunks[0]).cycle >= 4)
    service.stop_worker()
    # One for each verification, and one for each cycle, the last of which may not have been sent.
    sent = len(transactions(peer)) - len(trunks)
    assert sent in (health_of(service, trunks[0]).cycle, health_of(service, trunks[0]).cycle - 1)
    assert all(
        b"From: <sip:trunk-check@127.0.0.1>" in datagram.data for datagram in peer.received[len(trunks) :]
    )


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_workers_share_the_work_and_ask_nobody_twice(
    start_service: Callable[[Settings], Service], quick: Settings, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    services = [start_service(quick) for _ in range(2)]
    peers = [udp_peer_factory(Behaviour(), address=f"127.0.0.{number}") for number in range(11, 17)]
    trunks = [entered(services[0], peer) for peer in peers]
    wait_until(lambda: all(health_of(services[0], trunk).cycle >= 4 for trunk in trunks))
    for service in services:
        service.stop_worker()
    for peer, trunk in zip(peers, trunks, strict=True):
        cycle = health_of(services[0], trunk).cycle
        assert len(transactions(peer)) - 1 in (cycle, cycle - 1)


def test_a_destination_that_ignores_options_is_asked_the_other_way(
    start_service: Callable[[Settings], Service], quick: Settings, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    behaviour = Behaviour(status=403, answers={b"REGISTER"})
    peer = udp_peer_factory(behaviour)
    service = start_service(quick)
    trunk = entered(service, peer, username="alice", password="secret")
    assert health_of(service, trunk).options_ignored
    seen = len(transactions(peer))
    wait_until(lambda: health_of(service, trunk).cycle >= 4)
    assert is_active(service, trunk)
    assert len(transactions(peer)) == seen
    asked = [each.data for each in peer.received if each.data.startswith(b"REGISTER")][-1]
    assert b"trunk-check@" in asked
    assert b"Contact:" not in asked
    assert b"Authorization:" not in asked
    behaviour.fall_silent()
    wait_until(lambda: not is_active(service, trunk))


@pytest.mark.parametrize(("status", "alive"), [(404, True), (501, True), (408, False), (503, False)])
@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_any_final_answer_is_alive_but_408_and_outages(
    start_service: Callable[[Settings], Service],
    quick: Settings,
    udp_peer_factory: Callable[..., UdpPeer],
    status: int,
    alive: bool,
) -> None:
    behaviour = Behaviour()
    peer = udp_peer_factory(behaviour)
    service = start_service(quick)
    trunk = entered(service, peer)
    behaviour.status = status
    before = health_of(service, trunk).cycle
    wait_until(lambda: health_of(service, trunk).cycle >= before + 5)
    assert is_active(service, trunk) is alive
    assert (health_of(service, trunk).alive, health_of(service, trunk).sip_status) == (alive, status)


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
@pytest.mark.parametrize("transport", [TransportName.TCP, TransportName.TLS])
def test_connections_are_new_for_each_check(
    start_service: Callable[[Settings], Service],
    quick: Settings,
    tls_server_factory: Callable[..., TlsServer],
    certificates: Certificates,
    unbound_factory: Callable[..., UnboundServer],
    transport: TransportName,
) -> None:
    certificate = certificates[CertificateKind.GOOD] if transport is TransportName.TLS else None
    server = tls_server_factory(certificate=certificate)
    names = unbound_factory(f"@ IN A {HOST}", zone=f"{certificates.domain}.")
    service = start_service(
        quick.model_copy(
            update={"ca_file": certificates.ca_file, "nameservers": read_nameservers(name_server(names))}
        )
    )
    trunk = entered(service, server, host=certificates.domain, transport=transport)
    wait_until(lambda: health_of(service, trunk).cycle >= 3)
    assert health_of(service, trunk).alive
    assert len(server.connections) >= 3
    server.end()
    wait_until(lambda: not is_active(service, trunk))
    assert health_of(service, trunk).reason is Reason.CONNECTION_REFUSED


def test_who_asks_is_answered_at_once(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    peer = udp_peer_factory(Behaviour())
    service = start_service(form_settings)
    trunk = entered(service, peer)
    destination_id = trunk.gateways[0].destination_id
    latest = service.installation.health.latest
    asked_at = utc_now()
    threads = [threading.Thread(target=insist, args=(latest.ask, [destination_id])) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: destination_id in latest.answered_since({destination_id: asked_at}))
    service.wait_done(destination_id)
    result = latest.last_result(destination_id)
    assert result is not None
    assert (result.alive, result.error) == (True, None)
    assert result.latency_ms is not None
    assert len(transactions(peer)) <= 3  # the verification, and whoever asked shared one or two


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_many_destinations_on_one_address_keep_to_its_bucket(
    form_settings: Settings,
    udp_peer_factory: Callable[..., UdpPeer],
    unbound_factory: Callable[..., UnboundServer],
) -> None:
    rate, burst, count = 20, 6, 16
    peer = udp_peer_factory(Behaviour())
    names = unbound_factory(f"* IN A {HOST}")
    quick = form_settings.model_copy(update=QUICK | {"nameservers": read_nameservers(name_server(names))})
    with ExitStack() as stack:
        entering = stack.enter_context(Service(quick))
        trunks = [entered(entering, peer, host=f"d{number}.example") for number in range(count)]
        entering.stop_worker()
        already = len(peer.received)
        paced = quick.model_copy(update={"address_rate": float(rate), "address_burst": burst})
        for _ in range(2):
            stack.enter_context(Service(paced))
        wait_until(lambda: len(peer.received) - already >= 3 * count)
        wait_until(lambda: all(health_of(entering, trunk).cycle for trunk in trunks))
    arrivals = [datagram.received_at for datagram in peer.received[already:]]
    # A worker that had no core for half a second sends again before it reads; it is debited for that afterwards.
    sent_again = len(peer.received) - len(transactions(peer))
    late_seconds = 0.2  # a request leaves a moment after its token was given
    for first in range(len(arrivals)):
        for last in range(first, len(arrivals)):
            span_seconds = arrivals[last] - arrivals[first] + late_seconds
            assert last - first + 1 <= burst + rate * span_seconds + sent_again


@pytest.fixture
def killed_settings(
    postgres_url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Put settings into the environment of the process that is killed."""
    given = {
        "DATABASE_URL": postgres_url,
        "BROKER_URL": redis_server.url,
        "SECRET_KEYS": SECRET_KEYS,
        "ALLOW_NETWORKS": "127.0.0.0/8",
        "ADDRESS_RATE": "0",
        "ADDRESS_CONCURRENCY": "0",
        **{name.upper(): str(value) for name, value in QUICK.items()},
    }
    for name, value in given.items():
        monkeypatch.setenv(f"TRUNKS_{name}", value)
    return load_settings()


def test_what_a_killed_worker_was_asking_is_asked_by_another(
    start_service: Callable[[Settings], Service],
    killed_settings: Settings,
    udp_peer_factory: Callable[..., UdpPeer],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    behaviours = [Behaviour() for _ in range(4)]
    peers = [
        udp_peer_factory(behaviour, address=f"127.0.0.{number}")
        for number, behaviour in enumerate(behaviours, start=31)
    ]
    entering = start_service(killed_settings)
    trunks = [entered(entering, peer) for peer in peers]
    entering.stop_worker()
    # The victim waits for answers for so long that it dies in the middle of a cycle.
    for behaviour in behaviours:
        behaviour.fall_silent()
    monkeypatch.setenv("TRUNKS_PROBE_TIMEOUT_SECONDS", "20")
    monkeypatch.setenv("TRUNKS_VERIFY_TIMEOUT_SECONDS", "20")
    seen = [len(transactions(peer)) for peer in peers]
    victim = Trunkd("worker", folder=tmp_path, environment=settings_of_this_process())
    with victim:
        wait_until(
            lambda: all(len(transactions(peer)) > before for peer, before in zip(peers, seen, strict=True)),
        )
        victim.kill()
    for behaviour in behaviours:
        behaviour.speak()
    left = {trunk.id: health_of(entering, trunk) for trunk in trunks}
    assert all(health.lease_until is not None for health in left.values())
    # Their leases would be over in half a minute: let that have passed.
    with entering.installation.database.write() as session:
        session.execute(update(DestinationHealth).values(lease_until=utc_now()))
    start_service(killed_settings)
    wait_until(
        lambda: all(health_of(entering, trunk).cycle > left[trunk.id].cycle + 2 for trunk in trunks),
    )
    assert all(is_active(entering, trunk) for trunk in trunks)
    assert {entering.store.trunk(trunk.id).failed_checks for trunk in trunks} == {0}
    assert all(len(entering.store.flips(trunk.id)) == 1 for trunk in trunks)


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_a_mass_fall_waits_for_the_canary(
    start_service: Callable[[Settings], Service], quick: Settings, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    carrier, canary = Behaviour(), Behaviour()
    canary.fall_silent()
    bird = udp_peer_factory(canary)
    service = start_service(
        quick.model_copy(
            update={
                # Of twelve: on a busy machine not all of them fail within one interval.
                "breaker_destinations": 5,
                "health_interval_seconds": 2.0,
                "failure_threshold": 2,
                "canary_targets": read_targets(f"sip:{bird.address}:{bird.port};transport=udp"),
            }
        )
    )
    peers = [udp_peer_factory(carrier, address=f"127.0.0.{number}") for number in range(41, 53)]
    trunks = [entered(service, peer) for peer in peers]
    carrier.fall_silent()
    wait_until(lambda: flips_are_held(service.installation))
    wait_until(lambda: _fall(service).canary_alive is False)
    cycles = [health_of(service, trunk).cycle for trunk in trunks]
    wait_until(
        lambda: all(
            health_of(service, trunk).cycle >= cycle + 2 for trunk, cycle in zip(trunks, cycles, strict=True)
        ),
    )
    assert flips_are_held(service.installation)
    assert all(is_active(service, trunk) for trunk in trunks)
    canary.speak()
    wait_until(lambda: _fall(service).release is Release.CANARY_ALIVE)
    wait_until(lambda: not any(is_active(service, trunk) for trunk in trunks))


def test_a_rejected_proof_is_sent_once_and_takes_the_verification_away(
    start_service: Callable[[Settings], Service], quick: Settings, kamailio_factory: Callable[..., Kamailio]
) -> None:
    kamailio = kamailio_factory(domain=HOST)
    service = start_service(quick)
    trunk = service.make_trunk(
        host=HOST, port=kamailio.port, transport=TransportName.UDP, password=PASSWORD, wanted=True
    )
    assert service.verify(trunk).reason is Reason.CREDENTIALS_PROVEN
    # What the customer has is no longer what the carrier knows; and a proof is due.
    with service.installation.database.write() as session:
        row = session.get_one(Trunk, trunk.id)
        row.sealed_password = service.installation.secrets.seal("another", trunk.id)
        row.next_proof_at = utc_now()
    wait_until(lambda: not is_active(service, trunk))
    found = service.store.trunk(trunk.id)
    assert (found.is_verified, found.health_status) == (False, HealthStatus.UNHEALTHY)
    assert found.next_proof_at is None
    cycle = health_of(service, trunk).cycle
    wait_until(lambda: health_of(service, trunk).cycle >= cycle + 3)
    assert [run.reason for run in service.store.runs(trunk.id)] == [
        Reason.CREDENTIALS_REJECTED,
        Reason.CREDENTIALS_PROVEN,
    ]
    assert service.store.flips(trunk.id)[-1].cause is Cause.PROOF
    assert not is_active(service, trunk)
