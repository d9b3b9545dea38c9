"""docker-compose.yml, without Docker: its commands are started as processes, over a real Redis and PostgreSQL.

The first two are the installed program; of the others, which are the same program, only the imports are spared.
"""

import base64
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Union

import pytest
import yaml

from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.peers.ports import free_port
from tests.peers.redis_server import RedisServer
from tests.trunkd.prepared import make_token
from tests.trunkd.warm_start import PROGRAM, WarmProcess
from trunks.installation.settings import setting_names

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
BIN = Path(sys.executable).parent
# Of the container itself, and those that compose makes of the passwords.
OF_THE_CONTAINER = {"TRUNKS_HOST", "TRUNKS_PORT", "TRUNKS_DATA_DIR"}
MADE_HERE = {"TRUNKS_DATABASE_URL", "TRUNKS_BROKER_URL", "TRUNKS_SECRET_KEYS"}
PASSED = [name for name in setting_names() if name not in OF_THE_CONTAINER | MADE_HERE]
START_SECONDS = 120.0
END_SECONDS = 15.0

Process = Union["subprocess.Popen[bytes]", WarmProcess]


def command(service: str) -> list[str]:
    name, *arguments = shlex.split(COMPOSE["services"][service]["command"])
    return [str(BIN / name), *arguments]


@pytest.fixture
def environment(redis_server: RedisServer, postgres_url: str, tmp_path: Path) -> dict[str, str]:
    """What compose would set, with the addresses of the test's own servers."""
    key = base64.b64encode(os.urandom(32)).decode()
    given = dict.fromkeys(PASSED, "") | {
        "TRUNKS_DATABASE_URL": postgres_url,
        "TRUNKS_BROKER_URL": redis_server.url,
        "TRUNKS_SECRET_KEYS": f"k1:{key}",
        "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
        "TRUNKS_ADDRESS_RATE": "4",
        "TRUNKS_ADDRESS_BURST": "8",
        "TRUNKS_ADDRESS_CONCURRENCY": "4",
        "TRUNKS_PROVISIONER": "none",
    }
    assert set(given) == set(COMPOSE["services"]["api"]["environment"])
    return {
        **given,
        "PATH": f"{BIN}:/usr/bin:/bin",
        "TRUNKS_PORT": str(free_port("127.0.0.1")),
        "TRUNKS_DATA_DIR": str(tmp_path / "var"),
    }


@pytest.fixture
def services(environment: dict[str, str], tmp_path: Path) -> Iterator[list[Process]]:
    """Run migrate, then the API, as many workers as compose has, and beat."""
    loaded = migrate(environment, tmp_path)
    assert "trunks.store.schema" in loaded
    # A command loads what it needs: no HTTP server.
    assert not loaded & {"fastapi", "starlette", "uvicorn", "celery"}
    replicas = COMPOSE["services"]["worker"]["deploy"]["replicas"]
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "services.log").open("wb"))
        processes: list[Process] = []
        stack.callback(end, processes)
        processes.append(
            subprocess.Popen(command("api"), env=environment, cwd=tmp_path, stdout=log, stderr=log)
        )
        for service in (*["worker"] * replicas, "beat"):
            program, *arguments = command(service)
            assert program == PROGRAM
            processes.append(WarmProcess(arguments, env=environment, cwd=tmp_path, stdout=log, stderr=log))
        wait_until_ready(int(environment["TRUNKS_PORT"]), tmp_path / "services.log")
        yield processes


def migrate(environment: dict[str, str], folder: Path) -> set[str]:
    """Give the modules that it loaded (-X importtime)."""
    done = subprocess.run(
        command("migrate"),
        env={**environment, "PYTHONPROFILEIMPORTTIME": "1"},
        cwd=folder,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def end(processes: list[Process]) -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_until_ready(port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            pytest.fail(f"not ready:\n{log.read_text()[-4000:]}")
        time.sleep(0.1)


def call(environment: dict[str, str], token: str, method: str, path: str, body: object = None) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{environment['TRUNKS_PORT']}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def test_the_scaled_form_verifies_a_trunk_and_ends_cleanly(
    environment: dict[str, str],
    services: list[Process],
    kamailio_factory: Callable[..., Kamailio],
    tmp_path: Path,
) -> None:
    registrar = kamailio_factory()
    token = make_token(tmp_path, environment)
    body = {
        "name": "Kamailio",
        "provider_name": "kamailio",
        "domain": "carrier.example",
        "outbound_proxy": f"127.0.0.1:{registrar.port}",
        "transport": "udp",
        "username": USERNAME,
        "password": PASSWORD,
    }
    trunk = call(environment, token, "POST", "/api/v1/sip-trunks", body)["data"]["id"]
    verified = call(environment, token, "POST", f"/api/v1/sip-trunks/{trunk}/verify")
    assert verified["success"], verified
    assert call(environment, token, "GET", f"/api/v1/sip-trunks/{trunk}")["data"]["is_verified"]
    end(services)
    assert [process.returncode for process in services] == [0] * len(services)
    log = (tmp_path / "services.log").read_text()
    assert PASSWORD not in log
    assert token not in log
    assert "Traceback" not in log


def test_nothing_secret_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "TRUNKS_SECRET_KEYS"):
        assert f"${{{name}:?" in text
        assert f"{name}=\n" in (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("service", ["api", "worker", "beat", "migrate"])
def test_every_setting_is_passed_on(service: str) -> None:
    """Under its own name, from the operator's file or environment: one that is not would be ignored in silence."""
    passed = COMPOSE["services"][service]["environment"]
    assert set(passed) == set(PASSED) | MADE_HERE
    assert [name for name in PASSED if not str(passed[name]).startswith(f"${{{name}:-")] == []


def test_the_example_names_what_provisions() -> None:
    given = (ROOT / ".env.example").read_text(encoding="utf-8")
    needed = ["TRUNKS_PROVISIONER", "TRUNKS_FIXED_EGRESS"]
    needed += [name for name in setting_names() if name.startswith("LIVEKIT_")]
    assert [name for name in needed if f"{name}=" not in given] == []
