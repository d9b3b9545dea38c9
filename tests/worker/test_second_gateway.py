"""Two Kamailios, of which one is killed: many trunks' calls leave it, and come back, their sides' ids the same."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

import pytest
import structlog
from google.protobuf.duration_pb2 import Duration
from livekit.protocol.sip import CreateSIPParticipantRequest
from sqlalchemy import update

from sipcheck.target import HostPort, TransportName
from tests.observed import insist
from tests.peers.kamailio import PASSWORD, Kamailio
from tests.peers.livekit.refusal import Refusal
from tests.peers.livekit.server import LiveKitServer
from tests.peers.unbound_server import UnboundServer
from tests.trunks.forms import prepare_from
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from tests.worker.test_called_as_proven import second_worker
from trunks.catalog.new_trunk import NewGateway, NewNumber
from trunks.installation.settings import load_settings
from trunks.models.environment import Environment
from trunks.models.trunk import Trunk
from trunks.rules import edge_watch

pytestmark = pytest.mark.peers
_log = structlog.get_logger(__name__)

DOMAIN = "many.example"
# Ten minutes, for a test.
CALM = timedelta(seconds=3)
INTERVAL_SECONDS, THRESHOLD = 1.0, 3
# What the issue allows beside the checks: the move itself, at twenty writes a second.
MOVE_SECONDS = 75.0
_FEW = 20


@dataclass(frozen=True, slots=True)
class Many:
    """A service with trunks of two gateways, and of one gateway with two SRV targets, at the same two Kamailios."""

    service: Service
    livekit: LiveKitServer
    one: Kamailio
    two: Kamailio
    trunks: Sequence[Trunk]
    bystander: Trunk

    def led_to(self, port: int) -> int:
        """Count the sides that lead there, by their address or by a Route."""
        sides = list(self.livekit.outbound.values())
        return sum(f":{port}" in side.headers.get("Route", side.address) for side in sides)

    def ids(self) -> set[str]:
        return {*self.livekit.outbound, *self.livekit.inbound}

    def wait_all_led_to(self, port: int, *, within_seconds: float) -> float:
        """Wait until all do, and meanwhile ask for something now and then, as a customer does; log how both went."""
        began_at, first_at, asked_seconds = time.monotonic(), 0.0, [0.0]
        while (led := self.led_to(port)) < len(self.trunks):
            waited_seconds = time.monotonic() - began_at
            assert waited_seconds < within_seconds, f"{led} of {len(self.trunks)} lead to {port}"
            first_at = first_at or (waited_seconds if led else 0.0)
            if led and len(self.trunks) > _FEW:
                asked_seconds.append(self.ask())
            time.sleep(0.5 if len(self.trunks) > _FEW else 0.05)
        seconds = time.monotonic() - began_at
        _log.info(
            "all-led",
            trunks=len(self.trunks),
            first_seconds=round(first_at, 1),
            seconds=round(seconds, 1),
            asked=len(asked_seconds) - 1,
            asked_median_seconds=round(median(asked_seconds), 2),
            asked_longest_seconds=round(max(asked_seconds), 2),
        )
        return seconds

    def ask(self) -> float:
        """Edit a trunk that is led nowhere else, and wait for its side."""
        began_at = time.monotonic()
        told = len(self.service.told())
        assert insist(self.service.store.provision_changes, self.bystander.id)
        self.service.doorbell.ring_provision(self.bystander.id)
        while self.bystander.id not in self.service.told()[told:]:
            assert time.monotonic() - began_at < MOVE_SECONDS
            self.service.wait_a_moment()
        return time.monotonic() - began_at

    def moves(self) -> set[int]:
        """How often calls were led to another edge, each trunk's."""
        return {
            sum("outbound_edge" in flip.changes for flip in self.service.store.flips(trunk.id))
            for trunk in self.trunks
        }

    def call(self) -> str | None:
        """Call by any side; give what the carrier said."""
        side = next(iter(self.livekit.outbound))
        request = CreateSIPParticipantRequest(
            sip_trunk_id=side,
            sip_call_to="+442071234567",
            room_name=side,
            wait_until_answered=True,
            ringing_timeout=Duration(seconds=5),
        )
        with pytest.raises(Refusal) as refused:
            self.livekit.create_participant(request)
        return refused.value.meta.get("sip_status_code")


def enter(service: Service, number: int, gateways: Sequence[NewGateway]) -> Trunk:
    """Make a trunk with a number and ask for its sides, by an account of its own."""
    trunk = service.store.make_trunk(
        name=f"trunk {number}",
        gateways=tuple(gateways),
        username=f"user{number}",
        password=PASSWORD,
        wanted=True,
    )
    numbers = service.installation.catalog.numbers
    insist(numbers.add, service.store.caller, trunk.id, NewNumber(number=f"+1415555{number:04}"))
    assert service.store.provision(trunk.id)
    service.doorbell.ring_provision(trunk.id)
    return trunk


def gateways_of(one: Kamailio, two: Kamailio) -> list[NewGateway]:
    return [
        NewGateway(host="127.0.0.1", port=each.port, transport=TransportName.UDP, priority=priority)
        for priority, each in ((1, one), (2, two))
    ]


def by_srv() -> list[NewGateway]:
    return [NewGateway(host=DOMAIN, port=None, transport=None, priority=1)]


@pytest.fixture(params=[pytest.param(10, id="20"), pytest.param(500, id="1000", marks=pytest.mark.long)])
def many(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    sqlite_template: Path,
    kamailio_factory: Callable[..., Kamailio],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Many]:
    """As many of the one kind of trunk as of the other, all proven at the first Kamailio."""
    monkeypatch.setattr(edge_watch, "CALM", CALM)
    count: int = request.param
    users = {f"user{number}": PASSWORD for number in range(2 * count)}
    one, two = (kamailio_factory(domain=DOMAIN, users=users) for _ in range(2))
    zone = (
        f"_sip._udp.{DOMAIN}. IN SRV 10 0 {one.port} sip1.{DOMAIN}.\n"
        f"_sip._udp.{DOMAIN}. IN SRV 20 0 {two.port} sip2.{DOMAIN}.\n"
        f"sip1.{DOMAIN}. IN A 127.0.0.1\nsip2.{DOMAIN}. IN A 127.0.0.1"
    )
    with ExitStack() as stack:
        (tmp_path / "unbound").mkdir()
        unbound = stack.enter_context(UnboundServer(zone, tmp_path / "unbound"))
        nameserver = HostPort(unbound.address, unbound.port)
        livekit = stack.enter_context(LiveKitServer(nameserver=nameserver))
        settings = load_settings(
            data_dir=tmp_path / "var",
            allow_networks="127.0.0.0/8",
            nameservers=str(nameserver),
            verify_timeout_seconds=10.0,
            address_rate=0.0,
            address_concurrency=0,
            knocks="0",
            health_interval_floor_seconds=0.0,
            health_interval_seconds=INTERVAL_SECONDS,
            probe_timeout_seconds=1.0,
            failure_threshold=THRESHOLD,
        )
        settings = with_livekit(settings, livekit)
        prepare_from(sqlite_template, settings)
        service = stack.enter_context(Service(settings))
        if count > _FEW:
            # Two workers share the pace.
            stack.enter_context(second_worker(service, lambda _: None))
        with service.installation.database.write() as session:
            session.execute(update(Environment).values(max_numbers=2 * count + 1))
        kinds = [gateways_of(one, two), by_srv()]
        trunks = [enter(service, number, kinds[number % 2]) for number in range(2 * count)]
        dead = NewGateway(host="127.0.0.1", port=9, transport=TransportName.UDP, priority=1)
        bystander = enter(service, 2 * count, [dead])
        for trunk in (*trunks, bystander):
            service.wait_done(trunk.id)
        for run in [service.request(trunk) for trunk in trunks]:
            service.wait_done(run)
        many = Many(service, livekit, one, two, trunks, bystander)
        many.wait_all_led_to(one.port, within_seconds=2 * MOVE_SECONDS)
        yield many


def test_calls_leave_the_kamailio_that_is_killed_and_come_back(many: Many) -> None:
    ids, flips = many.ids(), many.moves()
    assert flips == {0}
    many.one.kill()
    many.wait_all_led_to(many.two.port, within_seconds=THRESHOLD * (INTERVAL_SECONDS + 2.0) + MOVE_SECONDS)
    assert many.ids() == ids
    assert many.moves() == {1}
    assert many.call() == "404"
    assert len(many.two.requests_seen("INVITE", credentials=True)) == 1
    many.one.start()
    many.wait_all_led_to(many.one.port, within_seconds=4 * CALM.total_seconds() + 2 * MOVE_SECONDS)
    assert many.ids() == ids
    assert many.moves() == {2}
