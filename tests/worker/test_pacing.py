"""The pace of one address under several workers, as its peer sees it (docs/design/sip.md, hazard 1)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Script, UdpPeer
from tests.trunks.forms import Store
from tests.worker.service import Service
from tests.worker.switched_peer import transactions
from trunks.installation.settings import Settings

HOST = "127.0.0.1"
RATE, BURST = 20, 6
RUNS = 24
# A request leaves a moment after its token was given: the peer's clock sees it that much later.
LATE_SECONDS = 0.2


def alive(request: bytes) -> list[bytes]:
    return [reply_to(request, 200, "OK")]


@pytest.fixture
def services(form_settings: Settings) -> Iterator[list[Service]]:
    """Three workers on one store, each with engine and pacing of its own."""
    paced = form_settings.model_copy(update={"address_rate": RATE, "address_burst": BURST})
    with ExitStack() as stack:
        yield [stack.enter_context(Service(paced)) for _ in range(3)]


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_three_workers_never_exceed_the_bucket_of_an_address(
    services: list[Service], udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    peer = udp_peer_factory(alive)
    store = services[0].store
    trunks = [
        store.make_trunk(
            domain=HOST, port=peer.port, transport=TransportName.UDP, username=None, password=None
        )
        for _ in range(RUNS)
    ]
    ids = [services[0].request(trunk) for trunk in trunks]
    _wait_all(services, len(ids))
    assert {store.run(trunk.id, each).reason for trunk, each in zip(trunks, ids, strict=True)} == {
        Reason.ALIVE
    }
    arrivals = [datagram.received_at for datagram in peer.received]
    assert len(transactions(peer)) == RUNS
    # A worker that had no core for half a second sends again before it reads; it is debited for that afterwards.
    sent_again = len(arrivals) - RUNS
    for first in range(len(arrivals)):
        for last in range(first, len(arrivals)):
            span_seconds = arrivals[last] - arrivals[first] + LATE_SECONDS
            assert last - first + 1 <= BURST + RATE * span_seconds + sent_again


def _wait_all(services: list[Service], count: int) -> None:
    told: set[object] = set()
    for _ in range(600):
        told = {each for service in services for each in service.told()}
        if len(told) == count:
            return
        services[0].wait_a_moment()
    raise AssertionError(f"only {len(told)} of {count} were done")


def test_a_busy_address_gives_runs_back_and_all_end(
    start_service: Callable[[Settings], Service],
    form_settings: Settings,
    udp_peer_factory: Callable[[Script], UdpPeer],
) -> None:
    slow = form_settings.model_copy(
        update={"address_rate": 0.5, "address_burst": 1, "verify_timeout_seconds": 1.0}
    )
    service = start_service(slow)
    peer = udp_peer_factory(alive)
    store: Store = service.store
    trunks = [
        store.make_trunk(
            domain=HOST, port=peer.port, transport=TransportName.UDP, username=None, password=None
        )
        for _ in range(5)
    ]
    ids = [service.request(trunk) for trunk in trunks]
    for each in ids:
        service.wait_done(each)
    assert all(
        store.run(trunk.id, each).reason is Reason.ALIVE for trunk, each in zip(trunks, ids, strict=True)
    )
    # Waiting is not counted against the deadline of 1 s, and nothing was sent twice.
    assert len(transactions(peer)) == 5
