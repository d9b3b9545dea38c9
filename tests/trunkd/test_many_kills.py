"""Twenty kills each of a worker, the API, Redis and PostgreSQL, at moments of chance, while 5,000 runs are made.

tests/trunkd/test_kill_minus_nine.py has one kill of each in every run of the tests.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from sipcheck.reasons import Reason
from tests.peers.postgres_server import PostgresServer
from tests.peers.redis_server import RedisServer
from tests.peers.udp_peer import UdpPeer
from tests.trunkd.conftest import Start
from tests.trunkd.crowd import SETTINGS, Crowd, crowd_at, proofs, slow_carrier
from tests.trunkd.daemon import Trunkd
from trunks.models.environment import Environment
from trunks.models.verification import VerificationStatus

DONE = VerificationStatus.DONE
RUNS = 5_000
KILLS = 20
# So many addresses that what a killed worker leaves unread holds no account there back.
PEERS = 100
CONCURRENCY = "50"
# Between two kills; the parts have to come to something meanwhile.
LONGEST_PAUSE_SECONDS = 3.0
ALL_DONE_WITHIN_SECONDS = 120.0


class Part(StrEnum):
    WORKER = "worker"
    API = "api"
    REDIS = "redis"
    POSTGRESQL = "postgresql"


@dataclass
class Installed:
    """The parts of the scaled form; whatever is killed is started again at once."""

    start: Start
    environment: dict[str, str]
    redis: RedisServer
    postgres: PostgresServer
    is_ready: Callable[[], bool]

    def __post_init__(self) -> None:
        self.workers = [self._worker() for _ in range(2)]
        self.api = self._api()

    def kill(self, part: Part, chance: random.Random) -> None:
        match part:
            case Part.WORKER:
                place = chance.randrange(len(self.workers))
                self.workers[place].kill()
                self.workers[place] = self._worker()
            case Part.API:
                self.api.kill()
                self.api = self._api()
            case Part.REDIS:
                self.redis.kill()
                self.redis.start()
            case Part.POSTGRESQL:
                self.postgres.kill()
                self.postgres.start()

    def stop(self) -> list[int]:
        return [each.stop() for each in (*self.workers, self.api)]

    def _worker(self) -> Trunkd:
        return self.start("worker", "--concurrency", CONCURRENCY, **self.environment)

    def _api(self) -> Trunkd:
        api = self.start("api", **self.environment)
        api.wait_until(self.is_ready)
        return api


@pytest.fixture
def peers(udp_peer_factory: Callable[..., UdpPeer]) -> list[UdpPeer]:
    return [udp_peer_factory(slow_carrier, address=f"127.1.0.{1 + number}") for number in range(PEERS)]


@pytest.fixture
def environment(scaled_environment: dict[str, str], port: int) -> dict[str, str]:
    return {**SETTINGS, **scaled_environment, "TRUNKS_PORT": str(port)}


@pytest.fixture
def crowd(peers: list[UdpPeer], tmp_path: Path, environment: dict[str, str]) -> Iterator[Crowd]:
    # By pairs, since every other trunk has credentials.
    places = [(peer.address, peer.port) for peer in (peers[number // 2 % PEERS] for number in range(RUNS))]
    with crowd_at(places, tmp_path, environment) as crowd:
        with crowd.store.installation.database.write() as session:
            session.execute(update(Environment).values(requests_per_minute=1_000_000))
        yield crowd


@pytest.fixture
def service(
    crowd: Crowd,
    start: Start,
    environment: dict[str, str],
    redis_server: RedisServer,
    postgres_server: PostgresServer,
    is_ready: Callable[[], bool],
) -> Installed:
    return Installed(start, environment, redis_server, postgres_server, is_ready)


@pytest.mark.long
def test_each_run_is_done_once_whatever_is_killed(
    service: Installed, crowd: Crowd, peers: list[UdpPeer], http: httpx.Client
) -> None:
    assert {answer.status_code for answer in crowd.call_all(http, "?async=true")} == {202}
    chance = random.Random(RUNS)
    order = [part for part in Part for _ in range(KILLS)]
    chance.shuffle(order)
    for part in order:
        time.sleep(chance.uniform(0.0, LONGEST_PAUSE_SECONDS))
        service.kill(part, chance)
    crowd.wait(lambda counts: counts[DONE] == RUNS, within_seconds=ALL_DONE_WITHIN_SECONDS)
    asked = crowd.asked()
    assert set(asked) == set(crowd.trunks)
    cut_short = {trunk_id for trunk_id, run in asked.items() if run.reason is Reason.CANCELLED}
    assert cut_short <= set(crowd.users)
    # Of credentials whose answer nobody read one more run is made, and one only.
    assert Counter(run.trunk_id for run in crowd.recoveries()) == Counter(cut_short)
    assert {run.reason for trunk_id, run in asked.items() if trunk_id not in cut_short} <= {
        Reason.ALIVE,
        Reason.CREDENTIALS_PROVEN,
    }
    flips = crowd.flips()
    assert set(flips.values()) == {1}
    assert set(flips) >= set(asked) - cut_short
    sent = sum((proofs(peer) for peer in peers), Counter())
    twice = {user for user, times in sent.items() if times > 1}
    assert max(sent.values()) <= 2
    assert twice <= {crowd.users[trunk_id] for trunk_id in cut_short}
    assert service.stop() == [0, 0, 0]
