"""The service's processes as an operator starts them, and what they cost while they run."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cores import Cores
from benchmarks.peers.server import free_port, running
from benchmarks.service.cpu_time import cpu_seconds
from benchmarks.service.store import Form, Store

HOST = "127.0.0.1"

_TRUNKD = str(Path(sys.executable).with_name("trunkd"))
_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: its port, and the processes of ours and of its servers."""

    port: int
    pids: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """Sum the CPU time of all its processes since they started."""
        return sum(cpu_seconds(pid) for pid in self.pids)


@contextmanager
def running_service(store: Store, cores: Cores, *, workers: int = 1) -> Iterator[Service]:
    """Run `trunkd up`, or `trunkd api` and workers; entered when all parts answer. Raises ProgramFailed."""
    port = free_port()
    environment = {**store.environment, "TRUNKS_PORT": str(port)}
    parts = ["up"] if store.form is Form.EMBEDDED else ["api", *["worker"] * workers]
    # The API comes last: it is ready when a worker answers.
    with ExitStack() as stack:
        with on_all(cores):
            processes = [
                stack.enter_context(_part(part, number, store.folder, environment, port))
                for number, part in reversed(list(enumerate(parts)))
            ]
        yield Service(port, (*(process.pid for process in processes), *store.server_pids))


@contextmanager
def _part(
    part: str, number: int, folder: Path, environment: Mapping[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    log_file = folder / f"{part}-{number}.log"

    def ready() -> bool:
        return "worker-started" in log_file.read_text() if part == "worker" else _all_answer(port)

    command = [_TRUNKD, part]
    with running(
        command, ready=ready, log_file=log_file, environment=dict(environment), folder=folder
    ) as process:
        yield process


@contextmanager
def on_all(cores: Cores) -> Iterator[None]:
    """Let what is started run on every core, as a service does, and put this process back on its own after."""
    own = os.sched_getaffinity(0)
    if cores.client is not None and cores.responder is not None:
        os.sched_setaffinity(0, {cores.client, cores.responder})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def _all_answer(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=_LOOK_SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK and bool(json.loads(answer.read()))
    except OSError:
        return False
    finally:
        connection.close()
