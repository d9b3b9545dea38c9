"""More queued verifications than are run at once against a slow peer, and something is killed in the middle."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from sipcheck.reasons import Reason
from tests.peers.postgres_server import PostgresServer
from tests.peers.redis_server import RedisServer
from tests.peers.udp_peer import Script, UdpPeer
from tests.trunkd.conftest import Start
from tests.trunkd.crowd import SETTINGS, Crowd, crowd_at, proofs, slow_carrier
from tests.trunkd.daemon import Trunkd
from trunks.models.verification import VerificationStatus

TRUNKS = 120
# What the service promises, from when all parts are there again (issue: "within a minute of the restart").
ALL_DONE_WITHIN_SECONDS = 60.0
CAUGHT_WITHIN_SECONDS = 30.0
# So few that a part of the queue still waits when something is killed.
CONCURRENCY = "25"

# The first is for every run, the others for `make test-long`: each kills at another moment of the queue.
FEWEST_DONE = [10, *(pytest.param(10 + 9 * number, marks=pytest.mark.long) for number in range(1, 10))]

DONE, RUNNING, QUEUED = VerificationStatus.DONE, VerificationStatus.RUNNING, VerificationStatus.QUEUED


@pytest.fixture
def peer(udp_peer_factory: Callable[[Script], UdpPeer]) -> UdpPeer:
    return udp_peer_factory(slow_carrier)


@pytest.fixture
def scaled(scaled_environment: dict[str, str], port: int) -> dict[str, str]:
    return {**SETTINGS, **scaled_environment, "TRUNKS_PORT": str(port)}


@pytest.fixture
def crowd(peer: UdpPeer, tmp_path: Path, scaled: dict[str, str]) -> Iterator[Crowd]:
    with crowd_at([peer.port] * TRUNKS, tmp_path, scaled) as crowd:
        yield crowd


@pytest.fixture(params=FEWEST_DONE)
def fewest_done(request: pytest.FixtureRequest) -> int:
    """Say how many runs are done when something is killed."""
    return int(request.param)


def ask_all_and_catch_some_running(crowd: Crowd, http: httpx.Client, fewest_done: int) -> None:
    """Queue the runs, and return in the midst of them."""
    assert {answer.status_code for answer in crowd.call_all(http, "?async=true")} == {202}
    crowd.wait(lambda counts: counts[DONE] >= fewest_done, within_seconds=CAUGHT_WITHIN_SECONDS)


def assert_all_end_once(crowd: Crowd, peer: UdpPeer) -> None:
    """Each run is done, told once and has flipped its trunk once; no password went out a second time.

    A run that was cut short behind its credentials ends cancelled, and one more is queued in its place.
    """
    crowd.wait(lambda counts: counts[DONE] == TRUNKS, within_seconds=ALL_DONE_WITHIN_SECONDS)
    runs, recoveries = crowd.asked(), crowd.recoveries()
    assert set(runs) == set(crowd.trunks)
    cut_short = {trunk_id for trunk_id, run in runs.items() if run.reason is Reason.CANCELLED}
    assert cut_short <= set(crowd.users)
    assert Counter(run.trunk_id for run in recoveries) == Counter(cut_short)
    assert {run.status for run in recoveries} <= {QUEUED}
    assert {run.reason for trunk_id, run in runs.items() if trunk_id not in cut_short} == {
        Reason.ALIVE,
        Reason.CREDENTIALS_PROVEN,
    }
    assert crowd.flips() == Counter(set(runs) - cut_short)
    # Killed between the commit that says that they leave and the packet, credentials never left.
    may_have_stayed = {user for trunk_id, user in crowd.users.items() if trunk_id in cut_short}
    went_out = proofs(peer)
    assert set(went_out.values()) == {1}
    assert set(crowd.users.values()) - may_have_stayed <= set(went_out) <= set(crowd.users.values())


def test_the_embedded_process_is_killed(
    start: Start,
    port: int,
    is_ready: Callable[[], bool],
    http: httpx.Client,
    peer: UdpPeer,
    tmp_path: Path,
    fewest_done: int,
) -> None:
    environment = {**SETTINGS, "TRUNKS_PORT": str(port), "TRUNKS_RUNS_IN_FLIGHT": CONCURRENCY}
    with crowd_at([peer.port] * TRUNKS, tmp_path, environment) as crowd:
        daemon = start("up", **environment)
        daemon.wait_until(is_ready)
        ask_all_and_catch_some_running(crowd, http, fewest_done)
        daemon.kill()
        assert crowd.counts()[RUNNING] > 0
        again = start("up", **environment)
        again.wait_until(is_ready)
        assert_all_end_once(crowd, peer)
        assert again.stop() == 0


@pytest.fixture
def parts(start: Start, crowd: Crowd, scaled: dict[str, str], is_ready: Callable[[], bool]) -> list[Trunkd]:
    """Give an API and two workers."""
    workers = [start("worker", "--concurrency", CONCURRENCY, **scaled) for _ in range(2)]
    api = start("api", **scaled)
    api.wait_until(is_ready)
    return [api, *workers]


def test_one_worker_of_two_is_killed(
    parts: list[Trunkd], crowd: Crowd, http: httpx.Client, peer: UdpPeer, fewest_done: int
) -> None:
    api, victim, other = parts
    ask_all_and_catch_some_running(crowd, http, fewest_done)
    victim.kill()
    assert_all_end_once(crowd, peer)
    assert (other.stop(), api.stop()) == (0, 0)


def test_redis_is_killed(
    parts: list[Trunkd],
    crowd: Crowd,
    http: httpx.Client,
    peer: UdpPeer,
    redis_server: RedisServer,
    fewest_done: int,
) -> None:
    ask_all_and_catch_some_running(crowd, http, fewest_done)
    redis_server.kill()
    assert crowd.counts()[DONE] < TRUNKS
    redis_server.start()
    assert_all_end_once(crowd, peer)
    assert [part.stop() for part in parts] == [0, 0, 0]


def test_postgresql_is_killed(
    parts: list[Trunkd],
    crowd: Crowd,
    http: httpx.Client,
    peer: UdpPeer,
    postgres_server: PostgresServer,
    fewest_done: int,
) -> None:
    ask_all_and_catch_some_running(crowd, http, fewest_done)
    postgres_server.kill()
    refused = http.post(f"/api/v1/sip-trunks/{crowd.trunks[0]}/verify", headers=crowd.headers)
    assert (refused.status_code, refused.json()["code"]) == (503, "STORE_UNAVAILABLE")
    postgres_server.start()
    assert crowd.counts()[DONE] < TRUNKS
    assert_all_end_once(crowd, peer)
    assert [part.stop() for part in parts] == [0, 0, 0]
