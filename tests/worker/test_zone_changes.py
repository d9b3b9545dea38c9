"""Names whose zone changes at a real name server: what begins to lead where no call may go is parked, by itself and
not by a lie of our resolver.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from livekit.protocol.sip import SIPOutboundTrunkInfo
from sqlalchemy import select

from sipcheck.target import HostPort, TransportName
from tests.observed import insist, wait_until
from tests.peers.livekit.server import LiveKitServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.peers.unbound_server import UnboundServer
from tests.trunks.forms import prepare_from
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import TrunkEdit
from trunks.installation.settings import load_settings
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Trunk
from trunks.repositories.way_findings import WayFindings
from trunks.rules import resolver_lie
from trunks.voice.blueprint import PARKED_ROUTE

pytestmark = pytest.mark.peers

# One more than are parked on our resolver's word, whatever it says of how many others.
COUNT = 11
FORBIDDEN = "10.0.0.1"


def as_given(request: bytes) -> Sequence[bytes]:
    """Answer as a carrier that takes no Route, and no other name than its own: there is no literal to keep calls to."""
    if b"\r\nRoute:" in request or b".example" not in request.partition(b"\r\n")[0]:
        return [reply_to(request, 403, "Forbidden")]
    return [reply_to(request)]


@dataclass(frozen=True, slots=True)
class Zone:
    """A trunk at each of many names in one zone, and their sides."""

    service: Service
    livekit: LiveKitServer
    unbound: UnboundServer
    carrier: UdpPeer
    trunks: Sequence[Trunk]

    def lead(self, *others: str) -> None:
        """Let all names lead to the carrier, but the first ones by these records."""
        rest = range(len(others), COUNT)
        self.unbound.change("\n".join([*others, *(f"n{number} A {self.carrier.address}" for number in rest)]))

    def side(self, number: int) -> SIPOutboundTrunkInfo:
        (found,) = [each for each in self.livekit.outbound.values() if _number(number) in each.numbers]
        return found

    def parked(self) -> list[int]:
        return [each for each in range(COUNT) if self.side(each).headers.get("Route") == PARKED_ROUTE]

    def suspected(self) -> int:
        with self.service.installation.database.read() as session:
            return len(WayFindings(session).forbidden())

    def cycles(self) -> dict[UUID, int]:
        with self.service.installation.database.read() as session:
            rows = session.execute(select(DestinationHealth.destination_id, DestinationHealth.cycle))
            return {row.destination_id: row.cycle for row in rows}

    def wait_cycles(self, count: int) -> None:
        """Wait until each was checked so often."""
        before = self.cycles()
        wait_until(lambda: all(now >= before[each] + count for each, now in self.cycles().items()))

    def tells(self) -> set[int]:
        """Which trunks' events tell of their sides."""
        store = self.service.store
        return {
            number
            for number, trunk in enumerate(self.trunks)
            if any("provisioning_error" in flip.changes for flip in store.flips(trunk.id))
        }


def _number(number: int) -> str:
    return f"+1415555{number:04}"


def enter(service: Service, number: int, port: int) -> Trunk:
    trunk = service.make_trunk(
        host=f"n{number}.example", port=port, transport=TransportName.UDP, name=f"n{number}", wanted=True
    )
    numbers = service.installation.catalog.numbers
    insist(numbers.add, service.store.caller, trunk.id, NewNumber(number=_number(number)))
    assert service.store.provision(trunk.id)
    service.doorbell.ring_provision(trunk.id)
    service.wait_done(trunk.id)
    service.verify(trunk)
    return trunk


@pytest.fixture
def zone(
    tmp_path: Path,
    sqlite_template: Path,
    udp_peer_factory: Callable[..., UdpPeer],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Zone]:
    # A minute is a second here; a busy machine has three to be late.
    monkeypatch.setattr(resolver_lie, "_SOONEST_CONFIRMED", timedelta(seconds=1))
    monkeypatch.setattr(resolver_lie, "_LATE", timedelta(seconds=3))
    monkeypatch.setattr(resolver_lie, "_NOTED_EACH", timedelta(seconds=1))
    monkeypatch.setattr("worker.runtime.TEND_INTERVAL_SECONDS", 0.3)
    carrier = udp_peer_factory(as_given)
    (tmp_path / "unbound").mkdir()
    with UnboundServer("", tmp_path / "unbound") as unbound, LiveKitServer() as livekit:
        settings = load_settings(
            data_dir=tmp_path / "var",
            allow_networks="127.0.0.0/8",
            nameservers=str(HostPort(unbound.address, unbound.port)),
            address_rate=0.0,
            address_concurrency=0,
            health_interval_floor_seconds=0.0,
            health_interval_seconds=1.0,
            # What a check does to a trunk's own state is another matter.
            failure_threshold=100,
        )
        settings = with_livekit(
            settings, livekit, allow_names=settings.allow_names, reconcile_interval_seconds=1.0
        )
        prepare_from(sqlite_template, settings)
        with Service(settings) as service:
            found = Zone(service, livekit, unbound, carrier, [])
            found.lead()
            trunks = [enter(service, number, carrier.port) for number in range(COUNT)]
            yield Zone(service, livekit, unbound, carrier, trunks)


def test_a_zone_that_changes_parks_its_name_and_a_resolver_that_lies_of_all_parks_nobody(zone: Zone) -> None:
    ids = {*zone.livekit.outbound, *zone.livekit.inbound}
    assert zone.parked() == []
    told = zone.tells()

    # It says so of everyone, for longer than one alone would be believed.
    zone.lead(*(f"n{number} A {FORBIDDEN}" for number in range(COUNT)))
    wait_until(lambda: zone.suspected() == COUNT)
    zone.wait_cycles(8)
    zone.lead()
    wait_until(lambda: zone.suspected() == 0)
    assert (zone.parked(), zone.tells()) == ([], told)

    # Two of them really do: one leads to a private address, one has no address of its own any more.
    zone.lead(
        f"n0 A {FORBIDDEN}",
        f"_sip._udp.n1 SRV 10 0 {zone.carrier.port} sip1\nsip1 A {zone.carrier.address}",
    )
    wait_until(lambda: zone.parked() == [0, 1])
    # Whoever takes that away on the infrastructure meets reconciliation.
    for number in (0, 1):
        del zone.side(number).headers["Route"]
    wait_until(lambda: zone.parked() == [0, 1])
    # Neither an edit opens it, nor its being taken back.
    service, updates = zone.service, zone.service.installation.catalog.updates
    former = zone.side(0).auth_password
    edited = insist(updates.apply, service.store.caller, zone.trunks[0].id, TrunkEdit(password="another"))
    service.doorbell.ring_provision(zone.trunks[0].id)
    wait_until(lambda: zone.side(0).auth_password == "another")
    assert zone.parked() == [0, 1]
    insist(updates.take_back, edited)
    service.doorbell.ring_provision(zone.trunks[0].id)
    wait_until(lambda: zone.side(0).auth_password == former)
    zone.wait_cycles(2)
    assert zone.parked() == [0, 1]

    zone.lead()
    wait_until(lambda: zone.parked() == [])
    assert {*zone.livekit.outbound, *zone.livekit.inbound} == ids
