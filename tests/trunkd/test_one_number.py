"""Twenty tenants enter one number at the same moment, at two API processes over one store: one has it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.ports import free_port
from tests.peers.redis_server import RedisServer
from tests.trunkd.conftest import Start
from tests.trunks.forms import SECRET_KEYS, prepare_cheaply
from trunks.installation.installation import Installation
from trunks.installation.settings import load_settings

AT_ONCE = 20
BOLNA = "/sip-trunks/trunks"
TRUNK = {
    "name": "Mumbai carrier",
    "provider": "carrier-x",
    "auth_type": "userpass",
    "auth_username": "user_42",
    "auth_password": "a password",
    "gateways": [{"gateway_address": "127.0.0.1"}],
    "phone_numbers": [{"phone_number": "+14155551234"}],
}


def tokens_of_tenants(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    prepare_cheaply(settings)
    installation = Installation(settings)
    tenants = installation.tenancy.tenants
    for each in range(AT_ONCE):
        tenants.create_environment(f"tenant {each}")
    tokens = [tenants.create_token(f"tenant {each}") for each in range(AT_ONCE)]
    installation.close()
    return tokens


@pytest.mark.long
@pytest.mark.parametrize("engine", ["postgresql", "sqlite"])
def test_of_twenty_at_two_processes_one_has_it(
    start: Start,
    redis_server: RedisServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    engine: str,
) -> None:
    with LiveKitServer() as livekit:
        environment = {
            "TRUNKS_DATA_DIR": str(tmp_path / "var"),
            "TRUNKS_BROKER_URL": redis_server.url,
            "TRUNKS_SECRET_KEYS": SECRET_KEYS,
            "TRUNKS_PROVISIONER": "livekit",
            "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
            "LIVEKIT_URL": livekit.url,
            "LIVEKIT_API_KEY": API_KEY,
            "LIVEKIT_API_SECRET": API_SECRET,
        }
        if engine == "postgresql":
            environment["TRUNKS_DATABASE_URL"] = request.getfixturevalue("postgres_url")
        tokens = tokens_of_tenants(environment, monkeypatch)
        urls = []
        for _ in range(2):
            port = free_port()
            urls.append(f"http://127.0.0.1:{port}")
            process = start("api", TRUNKS_PORT=str(port), **environment)
            process.wait_until(lambda: lives(urls[-1]))
        together = Barrier(AT_ONCE)

        def enter(each: int) -> httpx.Response:
            headers = {"Authorization": f"Bearer {tokens[each]}"}
            with httpx.Client(base_url=urls[each % 2], headers=headers, timeout=120) as client:
                together.wait()
                return client.post(BOLNA, json=TRUNK)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            answers = list(threads.map(enter, range(AT_ONCE)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, *[409] * (AT_ONCE - 1)], [answer.text for answer in answers]
    told = {answer.json()["message"] for answer in answers if answer.status_code == 409}
    assert told == {"This number is in use by another trunk of this platform"}


def lives(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False
