"""A private Redis without persistence."""

import socket
from pathlib import Path

from tests.peers.ports import free_port
from tests.peers.process import OwnedProcess

_ADDRESS = "127.0.0.1"
_CONNECT_SECONDS = 1.0


class RedisServer(OwnedProcess):
    """Run one Redis in a folder of its own; each start is at the same port, and empty."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://{_ADDRESS}:{self.port}/0"
        super().__init__(
            "redis-server",
            [
                *("--bind", _ADDRESS, "--port", str(self.port), "--dir", str(folder)),
                *("--save", "", "--appendonly", "no", "--daemonize", "no"),
            ],
            ready=lambda: _answers(self.port),
            log_file=folder / "redis.log",
        )

    def flush(self) -> None:
        """Delete every key."""
        with socket.create_connection((_ADDRESS, self.port), _CONNECT_SECONDS) as client:
            client.sendall(b"FLUSHALL SYNC\r\n")
            answer = client.recv(64)
        if answer != b"+OK\r\n":
            raise ConnectionError(f"redis answered FLUSHALL with {answer!r}")


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((_ADDRESS, port), _CONNECT_SECONDS) as client:
            client.sendall(b"PING\r\n")
            return client.recv(64) == b"+PONG\r\n"
    except OSError:
        return False
