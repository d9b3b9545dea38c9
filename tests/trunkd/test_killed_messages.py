"""kill -9 of workers, PostgreSQL and Redis in the midst of deliveries: none is lost, and each trunk's come in order."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook

from sipcheck.target import TransportName
from tests.observed import insist
from tests.peers.http_receiver import http_receiver
from tests.peers.postgres_server import PostgresServer
from tests.peers.redis_server import RedisServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.trunkd.conftest import Start
from tests.trunkd.prepared import installed
from tests.trunks.forms import HandClock, Store
from trunks.models.flip import Flip
from trunks.models.webhook import WebhookMessage
from trunks.rules.events import EventType, events_of

pytestmark = pytest.mark.long

TRUNKS = 40
# So slow that there is a midst to be killed in.
RECEIVER_THINKS_SECONDS = 0.1
IN_THE_MIDST = 8
# A killed worker's endpoint is another's when its lease is over, 100 s later.
WITHIN_SECONDS = 400.0
OF_TRUNKS = tuple(each for each in EventType if each.value.startswith("trunk."))


@dataclass
class Carrier:
    alive: bool = True

    def answer(self, request: bytes) -> list[bytes]:
        return [reply_to(request)] if self.alive else []


@dataclass
class Receiver:
    """Verifies what comes, and keeps it in the order in which it came."""

    secret: str = ""
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def names(self, event: str, at_least: int = 1) -> set[str]:
        """Which messages of a type came so often that each trunk has as many."""
        counted: dict[str, set[str]] = defaultdict(set)
        for name, body in list(self.heard):
            if body["type"] == event:
                counted[body["data"]["trunk_id"]].add(name)
        return {trunk for trunk, names in counted.items() if len(names) >= at_least}


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    found = Receiver()

    def take(_: str, headers: dict[str, str], body: bytes) -> HTTPStatus:
        found.heard.append((headers["webhook-id"], Webhook(found.secret).verify(body, headers)))
        time.sleep(RECEIVER_THINKS_SECONDS)
        return HTTPStatus.NO_CONTENT

    with http_receiver(take) as port:
        yield found, f"http://127.0.0.1:{port}/"


def test_none_is_lost_and_each_trunks_come_in_order(
    scaled_environment: dict[str, str],
    start: Start,
    tmp_path: Path,
    receiver: tuple[Receiver, str],
    postgres_server: PostgresServer,
    redis_server: RedisServer,
) -> None:
    heard, url = receiver
    carrier = Carrier()
    environment = scaled_environment | {
        "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
        "TRUNKS_ADDRESS_RATE": "0",
        "TRUNKS_ADDRESS_CONCURRENCY": "0",
        "TRUNKS_HEALTH_INTERVAL_FLOOR_SECONDS": "2",
        "TRUNKS_HEALTH_INTERVAL_SECONDS": "2",
        "TRUNKS_PROBE_TIMEOUT_SECONDS": "2",
    }
    with UdpPeer(carrier.answer) as peer, installed(tmp_path, environment) as installation:
        store = Store(installation, HandClock())
        made = installation.people.endpoints.create(
            store.caller, url=url, events=OF_TRUNKS, description=None, enabled=True
        )
        heard.secret = made.secret
        place = {"domain": "127.0.0.1", "port": peer.port, "transport": TransportName.UDP}
        trunks = [
            store.make_trunk(name=f"T{number}", username=None, password=None, wanted=True, **place)
            for number in range(TRUNKS)
        ]
        workers = [start("worker", **environment) for _ in range(2)]

        def wait(event: str, times: int, count: int) -> None:
            deadline = time.monotonic() + WITHIN_SECONDS
            while len(heard.names(event, times)) < count:
                assert time.monotonic() < deadline, (event, times, len(heard.names(event, times)))
                time.sleep(0.05)

        def worker_killed() -> None:
            for number, each in enumerate(workers):
                each.kill()
                workers[number] = start("worker", **environment)

        def postgres_killed() -> None:
            postgres_server.kill()
            postgres_server.start()

        def redis_killed() -> None:
            redis_server.kill()
            redis_server.start()

        def wave(event: str, times: int, kill: Callable[[], None]) -> None:
            wait(event, times, IN_THE_MIDST)
            kill()
            wait(event, times, TRUNKS)

        for trunk in trunks:
            insist(installation.runs.requests.request, store.caller, trunk.id)
        wave("trunk.verified", 1, worker_killed)
        carrier.alive = False
        wave("trunk.down", 1, postgres_killed)
        carrier.alive = True
        wave("trunk.recovered", 1, redis_killed)
        carrier.alive = False
        wave("trunk.down", 2, worker_killed)
        assert [each.stop() for each in workers] == [0, 0]
        with installation.database.read() as session:
            flips = session.execute(select(Flip.trunk_id, Flip.changes).order_by(Flip.id)).all()
            written = session.scalars(select(WebhookMessage.body).order_by(WebhookMessage.id)).all()
    for trunk in trunks:
        of_flips = [event for of, changes in flips if of == trunk.id for event in events_of(changes)]
        bodies = [body["data"] | {"type": body["type"]} for body in map(json.loads, written)]
        stored = [each for each in bodies if each["trunk_id"] == str(trunk.id)]
        # Each event of its flips was written once, in their order.
        assert [each["type"] for each in stored] == of_flips
        assert [each["sequence"] for each in stored] == list(range(1, len(stored) + 1))
        # Each came at least once, and no later one before it.
        came = [
            body["data"]["sequence"] for _, body in heard.heard if body["data"]["trunk_id"] == str(trunk.id)
        ]
        assert list(dict.fromkeys(came)) == [each["sequence"] for each in stored]
