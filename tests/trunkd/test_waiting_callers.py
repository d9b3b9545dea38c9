"""Many callers wait at once for slow verifications, in either form."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import redis.asyncio

from tests.peers.redis_server import RedisServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, Script, UdpPeer, silent
from tests.trunkd.conftest import Start
from tests.trunkd.crowd import SETTINGS, Crowd, crowd_at
from tests.trunkd.daemon import Trunkd
from tests.worker.switched_peer import transactions
from trunks.models.verification import VerificationStatus
from worker.completion_channel import CHANNEL

CALLERS = 200
# The first runs end before their callers have waited enough, the others after.
DEADLINE_SECONDS, WAIT_SECONDS = 14, 17
OTHER_REQUESTS = 50
ASKED_WITHIN_SECONDS = 20

DONE, RUNNING, QUEUED = VerificationStatus.DONE, VerificationStatus.RUNNING, VerificationStatus.QUEUED


@pytest.fixture
def environment(form_environment: dict[str, str], port: int) -> dict[str, str]:
    return {
        **SETTINGS,
        **form_environment,
        "TRUNKS_PORT": str(port),
        "TRUNKS_VERIFY_TIMEOUT_SECONDS": str(DEADLINE_SECONDS),
        "TRUNKS_VERIFY_WAIT_SECONDS": str(WAIT_SECONDS),
        "TRUNKS_PROBE_TIMEOUT_SECONDS": "1",
    }


@pytest.fixture
def crowd(
    environment: dict[str, str], udp_peer_factory: Callable[[Script], UdpPeer], tmp_path: Path
) -> Iterator[Crowd]:
    peer = udp_peer_factory(silent)
    with crowd_at([peer.port] * CALLERS, tmp_path, environment) as crowd:
        yield crowd


@pytest.fixture
def served(
    start: Start, crowd: Crowd, environment: dict[str, str], is_ready: Callable[[], bool]
) -> list[Trunkd]:
    """Start the service in its form, and give its parts."""
    if "TRUNKS_BROKER_URL" not in environment:
        parts = [start("up", **environment)]
    else:
        parts = [start("worker", **environment), start("api", **environment)]
    parts[-1].wait_until(is_ready)
    return parts


@pytest.fixture
async def client(crowd: Crowd, port: int) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that has a connection for each caller."""
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}/api/v1/sip-trunks",
        headers=crowd.headers,
        timeout=60,
        limits=httpx.Limits(max_connections=None),
    ) as client:
        yield client


async def test_two_hundred_wait_while_others_are_served_and_none_is_lost(
    served: list[Trunkd], crowd: Crowd, client: httpx.AsyncClient
) -> None:
    callers = [asyncio.create_task(client.post(f"/{trunk_id}/verify")) for trunk_id in crowd.trunks]
    await asyncio.to_thread(crowd.wait, lambda counts: counts.total() == CALLERS, within_seconds=20)
    for trunk_id in crowd.trunks[:OTHER_REQUESTS]:
        assert (await client.get(f"/{trunk_id}")).status_code == 200
    # All of them waited all the while.
    assert not any(caller.done() for caller in callers)
    answers = await asyncio.gather(*callers)
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.total() == CALLERS
    assert set(statuses) <= {200, 202}
    assert statuses[200] > 0
    runs = crowd.asked()
    for trunk_id, answer in zip(crowd.trunks, answers, strict=True):
        data = answer.json()["data"]
        assert data["verification_id"] == str(runs[trunk_id].id)
        if answer.status_code == 200:
            assert data["reason"] == "no-response"


@pytest.mark.parametrize("form_environment", ["scaled"], indirect=True)
async def test_each_process_of_the_api_hears_of_what_is_done(
    served: list[Trunkd], crowd: Crowd, client: httpx.AsyncClient, redis_server: RedisServer
) -> None:
    async with redis.asyncio.Redis.from_url(redis_server.url) as watcher, watcher.pubsub() as news:
        assert dict(await watcher.pubsub_numsub(CHANNEL)) == {CHANNEL.encode(): 1}
        await news.subscribe(CHANNEL)
        heard = (message["data"].decode() async for message in news.listen() if message["type"] == "message")
        assert (await client.get(f"/{crowd.trunks[0]}/health")).json()["data"]["is_healthy"] is False
        assert await anext(heard) == str(crowd.destination_of(crowd.trunks[0]))
        answer = await client.post(f"/{crowd.trunks[0]}/verify")
        assert answer.status_code == 200
        assert await anext(heard) == answer.json()["data"]["verification_id"]


# After it is asked to end, and before the grace that runs get is over.
ANSWERS_AFTER_SECONDS = 0.3


@dataclass
class Pondering:
    """Answers nothing until it is let go, so that however slow the machine, nothing ends before."""

    answering: threading.Event = field(default_factory=threading.Event)

    def __call__(self, request: bytes) -> list[Reply]:
        return [Reply(data=reply_to(request), held_until=self.answering)]

    def let_go_soon(self) -> None:
        threading.Timer(ANSWERS_AFTER_SECONDS, self.answering.set).start()


def all_are_asked(peers: Sequence[UdpPeer], trunks: int) -> None:
    """Wait until each peer has been asked for so many trunks: a run that is not begun by then is given back at once."""
    deadline = time.monotonic() + ASKED_WITHIN_SECONDS
    while any(len(transactions(peer)) < trunks for peer in peers):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def pondering() -> Iterator[Pondering]:
    peer = Pondering()
    yield peer
    peer.answering.set()


def test_fifty_in_flight_finish_or_go_back_when_it_is_asked_to_end(
    start: Start,
    environment: dict[str, str],
    is_ready: Callable[[], bool],
    http: httpx.Client,
    udp_peer_factory: Callable[[Script], UdpPeer],
    pondering: Pondering,
    tmp_path: Path,
) -> None:
    peers = udp_peer_factory(pondering), udp_peer_factory(silent)
    ports = [peer.port for peer in peers for _ in range(25)]
    environment |= {"TRUNKS_VERIFY_TIMEOUT_SECONDS": "30", "TRUNKS_VERIFY_WAIT_SECONDS": "60"}
    with crowd_at(ports, tmp_path, environment) as crowd:
        daemon = start("up", **environment)
        daemon.wait_until(is_ready)
        answers: list[httpx.Response] = []
        calling = threading.Thread(
            target=lambda: answers.extend(crowd.call_all(http, callers=len(ports))), daemon=True
        )
        calling.start()
        crowd.wait(lambda counts: counts[RUNNING] == len(ports), within_seconds=20)
        all_are_asked(peers, 25)
        pondering.let_go_soon()
        assert daemon.stop() == 0
        calling.join(5)
        assert Counter(answer.status_code for answer in answers) == {200: 25, 202: 25}
        assert crowd.counts() == {DONE: 25, QUEUED: 25}
        assert "Traceback" not in daemon.err


@pytest.mark.parametrize("form_environment", ["scaled"], indirect=True)
def test_a_worker_with_fifty_in_flight_gives_back_what_it_cannot_finish(
    start: Start,
    environment: dict[str, str],
    is_ready: Callable[[], bool],
    http: httpx.Client,
    udp_peer_factory: Callable[[Script], UdpPeer],
    pondering: Pondering,
    tmp_path: Path,
) -> None:
    peers = udp_peer_factory(pondering), udp_peer_factory(silent)
    ports = [peer.port for peer in peers for _ in range(25)]
    environment |= {"TRUNKS_VERIFY_TIMEOUT_SECONDS": "30"}
    with crowd_at(ports, tmp_path, environment) as crowd:
        worker, api = start("worker", **environment), start("api", **environment)
        api.wait_until(is_ready)
        assert {answer.status_code for answer in crowd.call_all(http, "?async=true")} == {202}
        crowd.wait(lambda counts: counts[RUNNING] == len(ports), within_seconds=20)
        all_are_asked(peers, 25)
        pondering.let_go_soon()
        assert worker.stop() == 0
        assert crowd.counts() == {DONE: 25, QUEUED: 25}
        assert api.stop() == 0
        assert "Traceback" not in worker.err
