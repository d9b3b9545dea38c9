"""A full disk: a small file system of the process's own, filled and emptied from outside.

Source: docs/operating.md, "Bad days".
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.peers.ports import free_port
from tests.trunkd.daemon import Trunkd
from tests.trunkd.prepared import make_token
from tests.trunkd.warm_start import Surroundings

_ROOM = 4 * 1024 * 1024
_COMMANDS = (
    ("migrate",),
    ("up",),
    ("environment", "create", "other"),
    ("token", "create", "--environment", "acme"),
    ("keys", "rotate"),
)


@pytest.fixture
def token(tmp_path: Path) -> str:
    return make_token(tmp_path, {})


def fill(file: Path) -> None:
    """Write until nothing more can be."""
    with file.open("wb", buffering=0) as filler:
        for size in (65536, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                continue


def test_readiness_does_not_say_ok_and_a_made_room_is_enough(
    tmp_path: Path, token: str, port: int, http: httpx.Client, is_ready: Callable[[], bool]
) -> None:
    daemon = Trunkd(
        "up",
        folder=tmp_path,
        environment={"TRUNKS_PORT": str(port)},
        surroundings={"disk": str(tmp_path / "var"), "room": _ROOM},
    )
    with daemon:
        daemon.wait_until(is_ready)
        filler = Path(f"/proc/{daemon.pid}/root{tmp_path}/var/filler")
        fill(filler)
        daemon.wait_until(lambda: http.get("/readyz").status_code == 503)
        parts = http.get("/readyz").json()
        assert "store" in str(parts)
        http.headers["Authorization"] = f"Bearer {token}"
        statuses = {_create(http).status_code for _ in range(50)}
        assert 503 in statuses
        assert http.get("/api/v1/sip-trunks").status_code == 200
        filler.unlink()
        daemon.wait_until(is_ready)
        assert _create(http).status_code == 201
        assert daemon.stop() == 0
    assert "Traceback" not in daemon.err


def _create(http: httpx.Client) -> httpx.Response:
    body = {
        "name": "One " + "x" * 200,
        "provider_name": "carrier-x",
        "domain": "sip.carrier.example",
        "port": 5061,
        "transport": "tls",
        "username": "alice",
        "password": "secret",
    }
    return http.post("/api/v1/sip-trunks", json=body)


def test_every_command_that_writes_says_so_in_one_line(tmp_path: Path, token: str) -> None:
    disk = str(tmp_path / "var")
    with ExitStack() as stack:
        running = [
            stack.enter_context(
                Trunkd(
                    *command,
                    folder=tmp_path,
                    environment={"TRUNKS_PORT": str(free_port())},
                    surroundings={"disk": disk, "room": 0},
                )
            )
            for command in _COMMANDS
        ]
        ended = {
            command[0]: (each.wait(), each.out, each.err)
            for command, each in zip(_COMMANDS, running, strict=True)
        }
    for status, out, err in ended.values():
        (line,) = err.splitlines()
        assert (status, out) == (1, "")
        assert line.startswith("trunkd: ")
        assert "full" in line or "No space left" in line


def test_the_doctor_finds_it(tmp_path: Path, token: str, nameservers: dict[str, str]) -> None:
    surroundings = Surroundings(disk=str(tmp_path / "var"), room=0)
    with Trunkd("doctor", folder=tmp_path, environment=nameservers, surroundings=surroundings) as doctor:
        assert doctor.wait() == 1
        failed = [line.split()[1] for line in doctor.out.splitlines() if line.startswith("failed")]
        assert {"disk", "store"} <= set(failed)
        assert doctor.err == ""
