"""One tenant's flood at a carrier, and what all others see of it (docs/design/queue.md, "Shares", "Slots")."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from sipcheck.target import TransportName
from tests.observed import wait_until
from tests.peers.udp_peer import UdpPeer, silent
from tests.trunks.forms import HandClock, Store
from tests.worker.service import Service
from tests.worker.switched_peer import Behaviour
from tests.worker.test_liveness import entered, health_of
from trunks.catalog.new_trunk import NewGateway
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk

CARRIER, ELSEWHERE = "127.0.0.1", "127.0.0.61"


@dataclass(frozen=True, slots=True)
class Flood:
    """What one environment does for so long: runs that it queues, and trunks that name the carrier over proxies of its
    own.
    """

    workers: int
    runs: int
    proxies: int
    seconds: float
    interval_seconds: float
    pace: Mapping[str, float]
    # Of its frequency without the flood.
    checked_at_least: float
    # Of the pace, which the others' requests and the answers to challenges take from as well.
    done_at_least: float
    # How often what a share takes; more than once where other tests have the processor.
    patience: float


SMALL = Flood(
    workers=2,
    runs=150,
    proxies=3,
    seconds=12.0,
    interval_seconds=1.0,
    # What holds runs back here is the rate, however slow the machine is that runs this.
    pace={"address_rate": 10.0, "address_burst": 8, "address_concurrency": 20},
    # A check waits for half a second at most, and then for the worker's look.
    checked_at_least=0.5,
    done_at_least=0.02,
    patience=4.0,
)
WHOLE = Flood(
    workers=3,
    runs=10_000,
    proxies=200,
    seconds=180.0,
    interval_seconds=15.0,
    pace={"address_rate": 4.0, "address_burst": 8, "address_concurrency": 4},
    checked_at_least=0.8,
    done_at_least=0.15,
    patience=1.0,
)


@pytest.fixture
def services(form_settings: Settings, flood: Flood) -> Iterator[list[Service]]:
    """Workers on one store, each with engine and pacing of its own."""
    paced = form_settings.model_copy(
        update={
            **flood.pace,
            "health_interval_floor_seconds": 0.1,
            "health_interval_seconds": flood.interval_seconds,
            "breaker_destinations": 1000,
        }
    )
    with ExitStack() as stack:
        yield [stack.enter_context(Service(paced)) for _ in range(flood.workers)]


def trunk_at(store: Store, peer: UdpPeer) -> Trunk:
    return store.make_trunk(
        domain=peer.address, port=peer.port, transport=TransportName.UDP, username=None, password=None
    )


def waited_seconds(service: Service, store: Store, trunk: Trunk) -> float:
    """How long somebody waits for a run that he asks for."""
    requests = service.installation.runs.requests
    asked_at = time.monotonic()
    verification_id = requests.request(store.caller, trunk.id, on_demand=True)
    service.doorbell.ring(verification_id, on_demand=True)
    wait_until(lambda: bool(requests.done_among([verification_id])))
    return time.monotonic() - asked_at


@pytest.mark.parametrize(
    "flood", [SMALL, pytest.param(WHOLE, marks=pytest.mark.long)], ids=["small", "whole"]
)
@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_a_flood_at_a_carrier_leaves_the_others_their_share(
    services: list[Service],
    flood: Flood,
    udp_peer_factory: Callable[..., UdpPeer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = services[0]
    carrier = udp_peer_factory(Behaviour(), address=CARRIER)
    elsewhere = udp_peer_factory(Behaviour(), address=ELSEWHERE)
    neighbour = Store(service.installation, HandClock(), tenant="neighbour")
    watched = entered(service, carrier)
    here, there = trunk_at(neighbour, carrier), trunk_at(neighbour, elsewhere)
    idle = _checks_a_second(service, watched, lambda: time.sleep(max(6.0, 4 * flood.interval_seconds)))
    for number in range(flood.proxies):
        proxy = udp_peer_factory(Behaviour(), address=f"127.0.1.{number + 1}")
        entered(service, proxy, host=CARRIER, outbound_proxy=f"{proxy.address}:{proxy.port}")
    runs = [service.request(trunk_at(service.store, carrier)) for _ in range(flood.runs)]
    waits: dict[str, list[float]] = {"here": [], "there": []}

    def ask() -> None:
        until = time.monotonic() + flood.seconds
        while time.monotonic() < until:
            waits["there"].append(waited_seconds(service, neighbour, there))
            waits["here"].append(waited_seconds(service, neighbour, here))

    done = service.installation.runs.requests.done_among
    before = len(done(runs))
    checked = _checks_a_second(service, watched, ask)
    medians = {where: statistics.median(each) for where, each in waits.items()}
    with capsys.disabled():
        print(
            f"checks {checked / idle:.0%} of {idle:.2f}/s, waits {medians}, {len(done(runs)) - before} runs"
        )
    assert len(done(runs)) - before >= flood.done_at_least * flood.seconds * flood.pace["address_rate"]
    # Nobody waits for the flood: elsewhere not at all, at this carrier for as long as a share takes.
    assert medians["there"] < 1.0 * flood.patience
    assert medians["here"] < 3.0 * flood.patience
    assert max(waits["here"]) < 10.0
    assert checked >= flood.checked_at_least * idle


def _checks_a_second(service: Service, watched: Trunk, during: Callable[[], object]) -> float:
    before, began = health_of(service, watched).cycle, time.monotonic()
    during()
    return (health_of(service, watched).cycle - before) / (time.monotonic() - began)


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
    wait_until(lambda: len(carrier.received) >= len(runs))
    # Each waits for its slow gateway for half of its time, in which the others are asked.
    assert service.told() == []
    for each in runs:
        service.wait_done(each)
