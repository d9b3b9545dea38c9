"""The id that a client gives is found on the worker's lines about the work that it asked for."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import Trunkd
from tests.trunkd.prepared import make_token

URL = "/api/v1/sip-trunks"
HOST = "127.0.0.1"


@pytest.fixture
def running(
    form_environment: dict[str, str],
    start: Start,
    port: int,
    is_ready: Callable[[], bool],
    http: httpx.Client,
    tmp_path: Path,
) -> tuple[Trunkd, Trunkd]:
    """Start either form, and give its API and its worker."""
    environment = {**form_environment, "TRUNKS_PORT": str(port), "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8"}
    http.headers["Authorization"] = f"Bearer {make_token(tmp_path, environment)}"
    if not form_environment:
        up = start("up", **environment)
        parts = up, up
    else:
        parts = start("api", **environment), start("worker", **environment)
    parts[0].wait_until(is_ready)
    return parts


def lines_with(part: Trunkd, request_id: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in part.err.splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("request_id") == request_id]


def test_the_workers_lines_carry_the_clients_id(
    running: tuple[Trunkd, Trunkd], http: httpx.Client, kamailio_factory: Callable[..., Kamailio]
) -> None:
    api, worker = running
    made = http.post(
        URL,
        json={
            "name": "Kamailio",
            "provider_name": "kamailio",
            "domain": HOST,
            "port": kamailio_factory(domain=HOST).port,
            "transport": "udp",
            "username": USERNAME,
            "password": PASSWORD,
        },
        headers={"X-Request-ID": "creates"},
    ).json()["data"]["id"]
    for request_id, asynchronous in (("verifies.1", False), ("verifies.2", True)):
        answer = http.post(
            f"{URL}/{made}/verify", params={"async": asynchronous}, headers={"X-Request-ID": request_id}
        )
        assert answer.headers["X-Request-ID"] == request_id
        done = wait_for_line(worker, request_id, "verification-done")
        assert done["verification_id"] == answer.json()["data"]["verification_id"]
        # The answer is sent before its line is written.
        asked = wait_for_line(api, request_id, "request")
        assert (asked["route"], asked["status"]) == (f"{URL}/{{trunk_id}}/verify", answer.status_code)
    assert {line["event"] for line in lines_with(api, "creates")} == {"request"}


def wait_for_line(part: Trunkd, request_id: str, event: str) -> dict[str, object]:
    def found() -> list[dict[str, object]]:
        return [line for line in lines_with(part, request_id) if line["event"] == event]

    part.wait_until(lambda: bool(found()))
    (line,) = found()
    return line
