"""A real worker tells what it sent while a carrier is silent, and takes it back with the run's end."""

from collections.abc import Callable
from uuid import UUID

import pytest

from sipcheck.carrier.faults import Fault
from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from tests.peers.practice import PracticePeer
from tests.worker.service import Service
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk

pytestmark = pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)


def ask(service: Service, trunk: Trunk, *, on_demand: bool) -> UUID:
    run = service.installation.runs.requests.request(service.store.caller, trunk.id, on_demand=on_demand)
    service.doorbell.ring(run)
    return run


def lengths_while_it_runs(service: Service, run: UUID) -> list[int]:
    seen = []
    while run not in service.told():
        seen.append(len(service.installation.runs.ladders.of(service.store.caller, run)))
        service.wait_a_moment()
    return seen


def test_it_grows_for_whoever_waits_and_for_nobody_else(
    start_service: Callable[[Settings], Service], form_settings: Settings
) -> None:
    service = start_service(form_settings)
    with PracticePeer([Fault.SILENT]) as peer:
        assert peer.running.udp_port is not None
        trunk = service.make_trunk(host="127.0.0.1", port=peer.running.udp_port, transport=TransportName.UDP)
        run = ask(service, trunk, on_demand=True)
        seen = lengths_while_it_runs(service, run)
        assert service.store.run(trunk.id, run).reason is Reason.NO_RESPONSE
        # Retransmissions come one by one (RFC 3261 §17.1.2.2).
        assert len({length for length in seen if length}) >= 2
        assert seen == sorted(seen) or seen[-1] == 0
        assert max(lengths_while_it_runs(service, ask(service, trunk, on_demand=False)), default=0) == 0
