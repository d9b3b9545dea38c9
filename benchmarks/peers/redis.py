"""A private Redis without persistence, as the service's broker."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.server import answers, find_program, free_port, running
from benchmarks.programs import Program

REDIS = Program("Redis", find_program("redis-server") or "redis-server", ("--version",), r"v=(\S+)")


@dataclass(frozen=True, slots=True)
class Redis:
    url: str
    pid: int


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    """Run one in `folder`. Raises ProgramFailed."""
    port = free_port()
    command = [
        *(REDIS.path, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
        *("--save", "", "--appendonly", "no", "--daemonize", "no"),
    ]
    log_file = folder / "redis.log"
    with running(command, ready=lambda: answers(port), log_file=log_file) as process:
        yield Redis(f"redis://127.0.0.1:{port}/0", process.pid)
