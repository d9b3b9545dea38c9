"""One tenant's flood at a carrier, and what all others see of it (docs/design/queue.md, "Shares", "Slots")."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest

from sipcheck.target import TransportName
from tests.peers.udp_peer import UdpPeer, silent
from tests.trunks.forms import HandClock, Store
from tests.worker.service import Service
from tests.worker.switched_peer import Behaviour
from tests.worker.test_liveness import entered, health_of, wait_until
from trunks.catalog.new_trunk import NewGateway
from trunks.clock import utc_now
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk

CARRIER, ELSEWHERE = "127.0.0.1", "127.0.0.61"
RATE, BURST = 10, 8
FLOOD = 120
INTERVAL_SECONDS = 1.0

PACED = {
    "address_rate": float(RATE),
    "address_burst": BURST,
    "address_concurrency": 4,
    "health_interval_floor_seconds": 0.1,
    "health_interval_seconds": INTERVAL_SECONDS,
    "breaker_destinations": 1000,
}


@pytest.fixture
def services(form_settings: Settings) -> Iterator[list[Service]]:
    """Three workers on one store, each with engine and pacing of its own."""
    paced = form_settings.model_copy(update=PACED)
    with ExitStack() as stack:
        yield [stack.enter_context(Service(paced)) for _ in range(3)]


def trunk_at(store: Store, peer: UdpPeer) -> Trunk:
    return store.make_trunk(
        domain=peer.address, port=peer.port, transport=TransportName.UDP, username=None, password=None
    )


def waited_seconds(service: Service, store: Store, trunk: Trunk) -> float:
    """How long somebody waits for a run that he asks for."""
    requests = service.installation.runs.requests
    asked_at = time.monotonic()
    verification_id = requests.request(store.caller, trunk.id, on_demand=True)
    service.doorbell.ring(verification_id)
    wait_until(service, lambda: bool(requests.done_among([verification_id])))
    return time.monotonic() - asked_at


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_a_flood_at_a_carrier_leaves_the_others_their_share(
    services: list[Service], udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    first = services[0]
    carrier = udp_peer_factory(Behaviour(), address=CARRIER)
    elsewhere = udp_peer_factory(Behaviour(), address=ELSEWHERE)
    neighbour = Store(first.installation, HandClock(), tenant="neighbour")
    watched = entered(first, carrier)
    here, there = trunk_at(neighbour, carrier), trunk_at(neighbour, elsewhere)
    began_at = utc_now()
    before = health_of(first, watched).cycle
    flood = [first.request(trunk_at(first.store, carrier)) for _ in range(FLOOD)]
    requests = first.installation.runs.requests
    waits: dict[str, list[float]] = {"here": [], "there": []}
    while len(requests.done_among(flood)) < FLOOD:
        waits["there"].append(waited_seconds(first, neighbour, there))
        waits["here"].append(waited_seconds(first, neighbour, here))
        assert utc_now() - began_at < timedelta(minutes=2)
    seconds = (utc_now() - began_at).total_seconds()
    # The flood takes as long as its carrier's pace makes it; nobody else waits for that.
    assert seconds >= 0.6 * FLOOD / RATE
    assert statistics.median(waits["there"]) < 1.0
    assert max(waits["here"]) < 6.0
    cycles = health_of(first, watched).cycle - before
    assert cycles >= 0.6 * seconds / (INTERVAL_SECONDS * 1.1)


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_a_slow_address_beside_the_carriers_keeps_none_of_its_slots(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    service = start_service(
        form_settings.model_copy(
            update={"address_rate": 0.0, "address_concurrency": 2, "verify_timeout_seconds": 8.0}
        )
    )
    carrier = udp_peer_factory(Behaviour(), address=CARRIER)
    runs = []
    for number in range(4):
        slow = udp_peer_factory(silent, address=f"127.0.0.{70 + number}")
        gateways = tuple(
            NewGateway(host=peer.address, port=peer.port, transport=TransportName.UDP, priority=priority)
            for priority, peer in enumerate((carrier, slow), 1)
        )
        trunk = service.store.make_trunk(gateways=gateways, username=None, password=None)
        runs.append(service.request(trunk))
    began = time.monotonic()
    wait_until(service, lambda: len(carrier.received) >= len(runs))
    # Each waits for its slow gateway for half of its time, in which the others are asked.
    assert time.monotonic() - began < 2 * 4.0
    for each in runs:
        service.wait_done(each)
