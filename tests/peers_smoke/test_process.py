import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.peers.ports import free_port
from tests.peers.process import OwnedProcess, PeerFailed
from tests.peers.programs import PeerMissing, find_program

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_missing_program_fails_with_what_to_do() -> None:
    with pytest.raises(PeerMissing, match=r"make test.*tests/install-peers\.sh"):
        find_program("no-such-server")


@pytest.mark.parametrize(
    "name",
    ["kamailio", "sipp", "redis-server", "postgres", "initdb", "unbound", "setpriv"],
)
def test_every_program_is_found(name: str) -> None:
    assert find_program(name).is_file()


def test_a_free_port_is_free_for_both_protocols_and_given_once() -> None:
    ports = [free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
            stream.bind(("127.0.0.1", port))
            datagram.bind(("127.0.0.1", port))


def test_a_program_that_ends_at_its_start_shows_its_log(tmp_path: Path) -> None:
    process = OwnedProcess(
        "redis-server", ["--port", "nonsense"], ready=lambda: False, log_file=tmp_path / "log"
    )
    with pytest.raises(PeerFailed, match=r"(?s)ended at its start.*nonsense"):
        process.start()
    process.end()


def test_a_program_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    process = OwnedProcess("sleep", ["60"], ready=lambda: False, log_file=tmp_path / "log")
    with pytest.raises(PeerFailed, match=r"not ready in 0\.2 s"):
        process.start(within_seconds=0.2)
    assert not process.running


def test_one_that_ignores_its_end_is_killed_with_its_children(tmp_path: Path) -> None:
    log_file = tmp_path / "log"
    script = "trap '' TERM; sleep 60 & echo $!; wait; wait"
    process = OwnedProcess(
        "sh", ["-c", script], ready=lambda: b"\n" in log_file.read_bytes(), log_file=log_file
    )
    process.start()
    child = int(process.log())
    process.end(within_seconds=0.2)
    assert not process.running
    # A signal is sent, and its receiver dies when it next has a core.
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_killed_pytest_leaves_no_server_behind(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from tests.peers.redis_server import RedisServer
server = RedisServer(Path({str(tmp_path)!r}))
server.start()
print(server.port, flush=True)
input()
"""
    # Without site-packages, one of which is called tests.
    owner = subprocess.Popen(
        [sys.executable, "-S", "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        port = int(owner.stdout.readline())
        assert is_listening(port)
        owner.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while is_listening(port):
        assert time.monotonic() < deadline
        time.sleep(0.01)
