"""The scaled form: API, two workers and beat as processes, on PostgreSQL and Redis."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.peers.postgres_server import PostgresServer
from tests.peers.redis_server import RedisServer
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import Trunkd, run_trunkd
from tests.trunkd.prepared import make_token, prepare_store

HOST = "127.0.0.1"


@pytest.fixture
def environment(scaled_environment: dict[str, str], port: int) -> dict[str, str]:
    return {
        **scaled_environment,
        "TRUNKS_PORT": str(port),
        "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
        "TRUNKS_VERIFY_TIMEOUT_SECONDS": "3",
    }


@pytest.fixture
def token(environment: dict[str, str], tmp_path: Path) -> str:
    return make_token(tmp_path, environment)


def _has_started(worker: Trunkd) -> bool:
    return "worker-started" in worker.err


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def trunk(http: httpx.Client, token: str, kamailio_factory: Callable[..., Kamailio]) -> Callable[[], str]:
    """Enter a trunk at a Kamailio of the test's own, once the API answers."""
    kamailio = kamailio_factory(domain=HOST)
    http.headers["Authorization"] = f"Bearer {token}"

    def make() -> str:
        answer = http.post(
            "/api/v1/sip-trunks",
            json={
                "name": "Kamailio",
                "provider_name": "kamailio",
                "domain": HOST,
                "port": kamailio.port,
                "transport": "udp",
                "username": USERNAME,
                "password": PASSWORD,
            },
        )
        return f"/api/v1/sip-trunks/{answer.json()['data']['id']}"

    return make


def test_the_parts_work_together_and_end_cleanly(
    start: Start,
    environment: dict[str, str],
    http: httpx.Client,
    is_ready: Callable[[], bool],
    trunk: Callable[[], str],
) -> None:
    parts = [start(part, **environment) for part in ("api", "worker", "worker", "beat")]
    parts[0].wait_until(is_ready)
    url = trunk()
    for _ in range(5):
        answer = http.post(f"{url}/verify").json()
        assert answer["success"] is True, answer
    assert http.get(url).json()["data"]["is_verified"] is True
    # One worker gone: the other does the work.
    parts[1].kill()
    assert http.post(f"{url}/verify").json()["success"] is True
    assert [part.stop() for part in (parts[0], parts[2], parts[3])] == [0, 0, 0]
    for part in parts:
        assert PASSWORD not in part.err
        assert "Traceback" not in part.err


def test_a_dead_beat_stops_nothing(
    start: Start,
    environment: dict[str, str],
    http: httpx.Client,
    is_ready: Callable[[], bool],
    trunk: Callable[[], str],
) -> None:
    environment |= {"TRUNKS_HEALTH_INTERVAL_SECONDS": "1", "TRUNKS_HEALTH_INTERVAL_FLOOR_SECONDS": "1"}
    api, _, beat = [start(part, **environment) for part in ("api", "worker", "beat")]
    api.wait_until(is_ready)
    beat.kill()
    url = trunk()
    assert http.post(f"{url}/verify?async=true").status_code == 202
    api.wait_until(lambda: http.get(url).json()["data"]["is_verified"])
    verified_at = http.get(url).json()["data"]["last_health_check_at"]
    api.wait_until(lambda: http.get(url).json()["data"]["last_health_check_at"] > verified_at)


def test_a_worker_is_one_of_this_store_that_does_its_runs(
    start: Start,
    environment: dict[str, str],
    http: httpx.Client,
    is_ready: Callable[[], bool],
    trunk: Callable[[], str],
    tmp_path: Path,
) -> None:
    def parts() -> dict[str, str]:
        parts: dict[str, str] = http.get("/readyz").json()["parts"]
        return parts

    def examined() -> tuple[str, str]:
        done = run_trunkd("doctor", "--json", folder=tmp_path, **environment)
        line = next(line for line in map(json.loads, done.stdout.splitlines()) if line["check"] == "worker")
        return line["mark"], line["detail"]

    # On the same Redis, with a store of its own.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = {name: value for name, value in environment.items() if name != "TRUNKS_DATABASE_URL"}
    other["TRUNKS_DATA_DIR"] = str(elsewhere / "var")
    prepare_store(elsewhere, other)
    foreign = start("worker", **other)
    sweeping = start("worker", "--queues", "sweep", **environment)
    for worker in (foreign, sweeping):
        worker.wait_until(partial(_has_started, worker))
    api = start("api", **environment)
    api.wait_until(partial(_answers, http))
    assert parts() == {"store": "ok", "broker": "ok", "worker": "failing"}
    mark, detail = examined()
    assert (mark, "none that was seen a moment ago does the runs of this store" in detail) == ("failed", True)
    assert http.post(f"{trunk()}/verify?async=true").json()["data"]["status"] == "queued"

    ours = start("worker", "--queues", "verify,provision", **environment)
    ours.wait_until(is_ready)
    assert examined() == ("ok", "at work for this store: 1 for runs, 1 for health checks.")
    # What ends cleanly says so; the queue of another does not stand in for it.
    assert sweeping.stop() == 0
    mark, detail = examined()
    assert (mark, detail) == ("failed", "at work for this store: 1 for runs, none for health checks.")
    assert ours.stop() == 0
    api.wait_until(lambda: not is_ready())
    assert parts()["worker"] == "failing"
    assert (foreign.stop(), api.stop()) == (0, 0)


def test_a_lost_broker_keeps_nobody_from_asking(
    start: Start,
    environment: dict[str, str],
    http: httpx.Client,
    is_ready: Callable[[], bool],
    trunk: Callable[[], str],
    redis_server: RedisServer,
) -> None:
    api, worker = start("api", **environment), start("worker", **environment)
    api.wait_until(is_ready)
    url = trunk()
    redis_server.kill()
    answer = http.post(f"{url}/verify?async=true")
    assert answer.status_code == 202
    assert answer.json()["data"]["status"] == "queued"
    api.wait_until(
        lambda: (
            http.get("/readyz").json()["parts"] == {"store": "ok", "broker": "failing", "worker": "failing"}
        )
    )
    assert http.get("/readyz").status_code == 503
    redis_server.start()
    worker.wait_until(lambda: http.get(url).json()["data"]["is_verified"], within_seconds=30)
    assert (worker.stop(), api.stop()) == (0, 0)


def test_a_worker_ends_cleanly_while_the_broker_is_away(
    start: Start, environment: dict[str, str], redis_server: RedisServer
) -> None:
    redis_server.kill()
    worker = start("worker", **environment)
    worker.wait_until(lambda: "worker-started" in worker.err)
    assert worker.stop() == 0


@pytest.mark.parametrize("part", ["api", "worker"])
def test_an_old_schema_is_refused_in_one_line(
    part: str, scaled_environment: dict[str, str], postgres_server: PostgresServer, port: int, tmp_path: Path
) -> None:
    empty = {"TRUNKS_DATABASE_URL": postgres_server.create_database(), "TRUNKS_PORT": str(port)}
    refused = run_trunkd(part, folder=tmp_path, **(scaled_environment | empty))
    postgres_server.drop_database(empty["TRUNKS_DATABASE_URL"])
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert line.startswith("trunkd: The database has schema none")
    assert line.endswith("run trunkd migrate.")
