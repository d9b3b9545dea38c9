"""Nobody tries passwords through us, however he asks (docs/design/queue.md, "Guesses")."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from sipcheck.reasons import Cause, Outcome, Reason
from sipcheck.target import TransportName
from tests.peers.guarded_carrier import GuardedCarrier
from tests.peers.udp_peer import Script, UdpPeer
from tests.trunks.forms import HandClock, Store
from tests.worker.service import Service
from trunks.clock import utc_now
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk

HOST = "127.0.0.1"
RIGHT = "the right one"


@pytest.fixture
def services(form_settings: Settings) -> Iterator[list[Service]]:
    """Three workers on one store."""
    with ExitStack() as stack:
        yield [stack.enter_context(Service(form_settings)) for _ in range(3)]


def wait_all(services: list[Service], count: int) -> None:
    for _ in range(600):
        told = {each for service in services for each in service.told()}
        if len(told) >= count:
            return
        services[0].wait_a_moment()
    raise AssertionError(f"fewer than {count} were done")


@pytest.mark.parametrize("form_settings", ["scaled"], indirect=True)
def test_of_twenty_passwords_for_an_account_three_reach_the_carrier(
    services: list[Service], udp_peer_factory: Callable[[Script], UdpPeer]
) -> None:
    carrier = GuardedCarrier(utc_now, {"alice": RIGHT}, jails=())
    peer = udp_peer_factory(carrier)

    def trunk(store: Store, **given: Any) -> Trunk:
        return store.make_trunk(domain=HOST, port=peer.port, transport=TransportName.UDP, **given)

    other = Store(services[0].installation, HandClock(), tenant="another")
    proven = trunk(other, password=RIGHT)
    first = other.installation.runs.requests.request(other.caller, proven.id)
    services[0].doorbell.ring(first)
    wait_all(services, 1)
    assert other.run(proven.id, first).reason is Reason.CREDENTIALS_PROVEN

    store = services[0].store
    guesses = [trunk(store, name=f"guess {number}", password=f"guess {number}") for number in range(20)]
    runs = {guess.id: services[0].request(guess) for guess in guesses}
    wait_all(services, 21)
    assert carrier.refused == ["alice"] * 3
    done = [store.run(guess, run) for guess, run in runs.items()]
    held = [run for run in done if run.reason is Reason.CREDENTIALS_FROZEN]
    assert len(held) == 17
    for run in held:
        report = _report(store, run.trunk_id, run.id)
        assert (report["outcome"], report["cause"]) == (Outcome.INCONCLUSIVE, Cause.TOO_MANY_REJECTIONS)
        assert report["retry_at"] is not None
        assert report["trace"] == []  # not even OPTIONS

    again = other.installation.runs.requests.request(other.caller, proven.id)
    services[0].doorbell.ring(again)
    wait_all(services, 22)
    assert other.run(proven.id, again).reason is Reason.CREDENTIALS_PROVEN


def _report(store: Store, trunk_id: Any, run_id: Any) -> dict[str, Any]:
    report = store.run(trunk_id, run_id).report
    assert report is not None
    return report
