"""A worker as it is shipped opens no side by a name that leads astray, and asks before it opens one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from sipcheck.guard import EVERY_NAME
from sipcheck.target import TransportName
from tests.observed import insist, wait_until
from tests.peers.dns_server import DnsServer, Fault
from tests.peers.livekit.server import LiveKitServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewNumber
from trunks.installation.settings import load_settings
from trunks.voice.blueprint import PARKED_ROUTE

pytestmark = pytest.mark.peers


@dataclass(frozen=True, slots=True)
class Row:
    """A name and its zone; `told` is what the trunk says where its side is ended at once, None where it is open."""

    domain: str
    zone: str
    told: str | None


ROWS = {
    "public": Row("public.example", "public.example. A 127.0.0.1", None),
    "private": Row(
        "private.example",
        "private.example. A 10.0.0.1",
        "leads to an address or a port that no call may go to",
    ),
    "one of two": Row(
        "two.example",
        "two.example. A 127.0.0.1\ntwo.example. A 10.0.0.1",
        "leads to an address or a port that no call may go to",
    ),
    "SRV alone": Row(
        "srv.example",
        "_sip._udp.srv.example. SRV 10 0 5060 a.srv.example.\na.srv.example. A 127.0.0.1",
        "SRV records and no address of its own",
    ),
    "nobody answers": Row("silent.example", "", "DNS did not say where silent.example leads"),
    "no such name": Row("nowhere.example", "", None),
    "one label": Row("pbx", "pbx. A 127.0.0.1", "pbx"),
    "a private name": Row("pbx.internal", "pbx.internal. A 127.0.0.1", "pbx.internal"),
    "an address": Row("127.0.0.1", "", None),
}


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer(
        "\n".join(row.zone for row in ROWS.values() if row.zone),
        faults={("silent.example", "*"): Fault.SILENT},
    ) as server:
        yield server


@pytest.fixture
def livekit() -> Iterator[LiveKitServer]:
    with LiveKitServer() as livekit:
        yield livekit


def provide(service: Service, number: int, domain: str, port: int) -> UUID:
    trunk = service.store.make_trunk(
        name=domain, domain=domain, port=port, transport=TransportName.UDP, wanted=True
    )
    numbers = service.installation.catalog.numbers
    insist(numbers.add, service.store.caller, trunk.id, NewNumber(number=f"+1415555{number:04}"))
    assert service.store.provision(trunk.id)
    service.doorbell.ring_provision(trunk.id)
    return trunk.id


def test_names_are_judged_by_the_worker_with_the_shipped_default(
    start_service: Callable[..., Service],
    tmp_path: Path,
    server: DnsServer,
    livekit: LiveKitServer,
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    settings = load_settings(
        data_dir=tmp_path / "var",
        allow_networks="127.0.0.0/8",
        nameservers=str(server.address),
        address_rate=0.0,
        address_concurrency=0,
    )
    assert EVERY_NAME not in settings.allow_names
    service = start_service(with_livekit(settings, livekit, allow_names=settings.allow_names))
    carrier = udp_peer_factory(lambda request: [reply_to(request)])
    trunks = {
        name: provide(service, number, row.domain, carrier.port)
        for number, (name, row) in enumerate(ROWS.items())
    }
    for trunk_id in trunks.values():
        service.wait_done(trunk_id)

    def route(name: str) -> str | None:
        number = f"+1415555{list(ROWS).index(name):04}"
        (side,) = [each for each in livekit.outbound.values() if number in each.numbers]
        return side.headers.get("Route")

    for name, row in ROWS.items():
        assert route(name) == (None if row.told is None else PARKED_ROUTE), name
        provision = service.installation.provisions.overview.view(trunks[name])
        assert provision is not None
        assert (row.told is None) == (provision.error is None), name
        assert row.told is None or row.told in (provision.error or ""), name
    # A name that is mended is opened by its verification, and its id stays.
    ids = set(livekit.outbound)
    server.serve("private.example. A 127.0.0.1")
    service.verify(service.store.trunk(trunks["private"]))
    wait_until(lambda: route("private") is None)
    assert set(livekit.outbound) == ids
