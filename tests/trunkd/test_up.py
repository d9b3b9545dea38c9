"""`trunkd up`: what a stranger sees, in either form."""

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.udp_peer import UdpPeer, silent
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import Trunkd, run_trunkd

PASSWORD = "demo-password"


def start_up(
    start: Start, port: int, is_ready: Callable[[], bool], *arguments: str, **environment: str
) -> Trunkd:
    daemon = start("up", *arguments, TRUNKS_PORT=str(port), **environment)
    daemon.wait_until(lambda: is_ready() and "trunkd is up" in daemon.out)
    return daemon


def paste_example(daemon: Trunkd) -> list[Any]:
    """Paste what was printed into a shell, and read the two answers."""
    daemon.wait_until(lambda: daemon.out.endswith("echo\n\n"))
    example = daemon.out[daemon.out.index("TOKEN=") :]
    shell = subprocess.run(
        ["bash", "-e"], input=example, capture_output=True, text=True, timeout=30, check=True
    )
    return [json.loads(line) for line in shell.stdout.splitlines()]


def token_of(daemon: Trunkd) -> str:
    (token,) = set(re.findall(r"trunks_[\w-]{43}", daemon.out))
    return str(token)


def test_the_printed_example_verifies_a_trunk(
    start: Start, port: int, is_ready: Callable[[], bool], form_environment: dict[str, str], tmp_path: Path
) -> None:
    daemon = start_up(start, port, is_ready, "--practice", **form_environment)
    verified, shown = paste_example(daemon)
    assert verified["success"] is True
    assert verified["data"]["reason"] == "credentials-proven"
    assert (shown["data"]["is_verified"], shown["data"]["health_status"]) == (True, "healthy")
    assert shown["data"]["credentials"] == "proven"
    assert daemon.stop() == 0
    assert PASSWORD not in daemon.err
    assert token_of(daemon) not in daemon.err
    for path in (tmp_path / "var").glob("*"):
        assert PASSWORD.encode() not in path.read_bytes()


def test_the_token_is_shown_once_and_the_store_outlives_the_process(
    start: Start,
    port: int,
    is_ready: Callable[[], bool],
    form_environment: dict[str, str],
    http: httpx.Client,
) -> None:
    first = start_up(start, port, is_ready, **form_environment)
    token = token_of(first)
    assert first.stop(signal.SIGINT) == 0
    second = start_up(start, port, is_ready, "--practice", **form_environment)
    assert "trunks_" not in second.out
    assert http.get("/api/v1/sip-trunks/x", headers={"Authorization": f"Bearer {token}"}).status_code == 404
    # Without the token of the first start the example makes another.
    verified, _ = paste_example(second) if not form_environment else ({"success": True}, None)
    assert verified["success"] is True
    assert second.stop() == 0


def test_the_second_start_prints_lines_that_work_anywhere(
    start: Start, port: int, is_ready: Callable[[], bool], tmp_path: Path
) -> None:
    """The other terminal has neither this one's settings nor its folder."""
    environment = {"TRUNKS_DATA_DIR": str(tmp_path / "a folder" / "of mine")}
    assert start_up(start, port, is_ready, **environment).stop() == 0
    again = start_up(start, port, is_ready, "--practice", **environment)
    verified, shown = paste_example(again)
    assert (verified["success"], shown["data"]["is_verified"]) == (True, True)
    assert again.stop() == 0
    assert not (tmp_path / "var").exists()


def test_secrets_are_not_printed_with_the_example(
    start: Start, port: int, is_ready: Callable[[], bool], scaled_environment: dict[str, str]
) -> None:
    assert start_up(start, port, is_ready, **scaled_environment).stop() == 0
    again = start_up(start, port, is_ready, "--practice", **scaled_environment)
    again.wait_until(lambda: again.out.endswith("echo\n\n"))
    assert 'TRUNKS_DATABASE_URL="${TRUNKS_DATABASE_URL:?' in again.out
    assert scaled_environment["TRUNKS_DATABASE_URL"] not in again.out
    assert scaled_environment["TRUNKS_SECRET_KEYS"] not in again.out
    # With its settings in the other terminal the line works.
    (line,) = [line for line in again.out.splitlines() if line.startswith("TOKEN=")]
    shell = subprocess.run(
        ["bash", "-ec", f"{line}; echo $TOKEN"],
        env={**os.environ, **scaled_environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert re.fullmatch(r"trunks_[\w-]{43}\n", shell.stdout)


def test_the_guard_lets_through_the_practice_carrier_alone(
    start: Start,
    port: int,
    is_ready: Callable[[], bool],
    http: httpx.Client,
    udp_peer_factory: Callable[..., UdpPeer],
) -> None:
    peer = udp_peer_factory(silent)
    daemon = start_up(start, port, is_ready, "--practice")
    http.headers["Authorization"] = f"Bearer {token_of(daemon)}"
    trunk = make_trunk(http, peer.port)
    answer = http.post(f"/api/v1/sip-trunks/{trunk}/verify").json()
    assert (answer["success"], answer["data"]["reason"]) == (False, "address-forbidden")
    assert peer.received == []


def test_a_second_one_on_the_same_port_is_told_in_one_line(
    start: Start, port: int, is_ready: Callable[[], bool], tmp_path: Path
) -> None:
    start_up(start, port, is_ready)
    second = run_trunkd("up", folder=tmp_path, TRUNKS_PORT=str(port))
    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.splitlines() == [
        f"trunkd: 127.0.0.1:{port} is in use, perhaps by another trunkd; end that, or set TRUNKS_PORT to another port."
    ]


@pytest.mark.parametrize(
    ("form_environment", "by"),
    [("embedded", signal.SIGTERM), ("scaled", signal.SIGINT)],
    indirect=["form_environment"],
)
def test_a_signal_while_verifying_ends_cleanly_and_loses_no_run(
    start: Start,
    port: int,
    is_ready: Callable[[], bool],
    http: httpx.Client,
    form_environment: dict[str, str],
    udp_peer_factory: Callable[..., UdpPeer],
    by: signal.Signals,
) -> None:
    peer = udp_peer_factory(silent)
    environment = {
        **form_environment,
        "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
        "TRUNKS_VERIFY_TIMEOUT_SECONDS": "30",
        "TRUNKS_VERIFY_WAIT_SECONDS": "60",
    }
    daemon = start_up(start, port, is_ready, **environment)
    http.headers["Authorization"] = f"Bearer {token_of(daemon)}"
    trunk = make_trunk(http, peer.port)
    answers: list[httpx.Response] = []
    waiting = threading.Thread(
        target=lambda: answers.append(http.post(f"/api/v1/sip-trunks/{trunk}/verify")), daemon=True
    )
    waiting.start()
    peer.wait_for_received(1)
    assert daemon.stop(by) == 0
    waiting.join(5)
    (answer,) = answers
    assert answer.status_code == 202
    assert answer.json()["data"]["status"] == "queued"
    # Another process takes the run up where it was left.
    sent = len(peer.received)
    again = start_up(start, port, is_ready, **environment)
    again.wait_until(lambda: len(peer.received) > sent)
    again.kill()


def test_what_is_no_setting_is_mentioned(start: Start, port: int, is_ready: Callable[[], bool]) -> None:
    daemon = start_up(start, port, is_ready, TRUNKS_PROT="1")
    assert "TRUNKS_PROT" in daemon.err
    assert daemon.stop() == 0


def make_trunk(http: httpx.Client, port: int) -> str:
    answer = http.post(
        "/api/v1/sip-trunks",
        json={
            "name": "Peer",
            "provider_name": "peer",
            "domain": "127.0.0.1",
            "port": port,
            "transport": "udp",
            "username": "alice",
            "password": PASSWORD,
        },
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["data"]["id"])
