"""Keys of the settings are rotated in a rolling way, with a worker that is late at each step (docs/operating.md)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sipcheck.carrier.server import DEMO_USERS
from tests.peers.practice import PracticePeer
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import Trunkd, run_trunkd
from tests.trunkd.prepared import make_token
from tests.trunks.forms import SECRET_KEYS

_OLD = SECRET_KEYS
_NEW = "k2:" + "B" * 43 + "="


class Rolling:
    """An installation of one API process and one worker, each restarted with what keys it is given."""

    def __init__(
        self, start: Start, environment: dict[str, str], http: httpx.Client, carrier_port: int
    ) -> None:
        self._start, self._environment, self._http = start, environment, http
        self._carrier_port = carrier_port
        self._running: dict[str, Trunkd] = {}

    def restart(self, part: str, keys: str) -> None:
        if part in self._running:
            assert self._running[part].stop() == 0
        self._running[part] = self._start(part, **self._environment | {"TRUNKS_SECRET_KEYS": keys})

    def make_trunk(self, is_ready: Callable[[], bool]) -> str:
        """Enter a trunk: its password is sealed by the API process."""
        self._running["api"].wait_until(is_ready)
        body = {
            "name": "One",
            "provider_name": "practice",
            "domain": "127.0.0.1",
            "port": self._carrier_port,
            "transport": "udp",
            "username": "demo",
            "password": DEMO_USERS["demo"],
        }
        return str(self._http.post("/api/v1/sip-trunks", json=body).json()["data"]["id"])

    def verify(self, trunk: str) -> Any:
        """Give the reason: the password is opened by the worker."""
        return self._http.post(f"/api/v1/sip-trunks/{trunk}/verify").json()["data"]["reason"]


@pytest.fixture
def rolling(
    start: Start, scaled_environment: dict[str, str], port: int, http: httpx.Client, tmp_path: Path
) -> Iterator[Rolling]:
    environment = scaled_environment | {"TRUNKS_PORT": str(port), "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8"}
    http.headers["Authorization"] = f"Bearer {make_token(tmp_path, environment)}"
    with PracticePeer() as carrier:
        yield Rolling(start, environment, http, carrier.running.udp_port or 0)


def test_a_late_worker_opens_what_the_others_sealed(
    rolling: Rolling, is_ready: Callable[[], bool], scaled_environment: dict[str, str], tmp_path: Path
) -> None:
    reasons = []
    # Added behind: nobody seals under it yet.
    rolling.restart("worker", _OLD)
    rolling.restart("api", f"{_OLD},{_NEW}")
    reasons.append(rolling.verify(rolling.make_trunk(is_ready)))
    # Swapped, when every process has it.
    rolling.restart("worker", f"{_OLD},{_NEW}")
    rolling.restart("api", f"{_NEW},{_OLD}")
    trunk = rolling.make_trunk(is_ready)
    reasons.append(rolling.verify(trunk))
    rotated = run_trunkd(
        "keys", "rotate", folder=tmp_path, **scaled_environment | {"TRUNKS_SECRET_KEYS": f"{_NEW},{_OLD}"}
    )
    assert "Keys that stored secrets need: k2." in rotated.stdout, rotated.stderr
    reasons.append(rolling.verify(trunk))
    assert reasons == ["credentials-proven"] * 3
