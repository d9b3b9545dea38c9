"""The service's working half, told of runs from here: nothing of HTTP is measured with it."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from benchmarks.cores import Cores
from benchmarks.peers.server import running
from benchmarks.service.processes import Service, on_all, running_service
from benchmarks.service.store import Form, Store
from worker.app import make_app
from worker.doorbell import CeleryDoorbell

Ring = Callable[[UUID], None]

_COMMAND = [sys.executable, "-m", "benchmarks.service.embedded_worker"]
_CODE_FOLDER = Path(__file__).parents[2]


@contextmanager
def rung_service(store: Store, cores: Cores, *, workers: int = 1) -> Iterator[tuple[Service, Ring]]:
    """Run workers and give what rings for a run. Raises ProgramFailed."""
    if store.form is Form.EMBEDDED:
        with _embedded_worker(store, cores) as both:
            yield both
        return
    doorbell = CeleryDoorbell(make_app(store.installation.settings))
    doorbell.start()
    try:
        with running_service(store, cores, workers=workers) as service:
            yield service, doorbell.ring
    finally:
        doorbell.stop()


@contextmanager
def _embedded_worker(store: Store, cores: Cores) -> Iterator[tuple[Service, Ring]]:
    log_file = store.folder / "embedded-worker.log"
    with (
        on_all(cores),
        running(
            _COMMAND,
            ready=lambda: "ready\n" in log_file.read_text(),
            log_file=log_file,
            environment=dict(store.environment),
            folder=_CODE_FOLDER,
            stdin=subprocess.PIPE,
        ) as process,
    ):
        assert process.stdin is not None
        pipe = process.stdin

        def ring(run: UUID) -> None:
            pipe.write(f"{run}\n".encode())
            pipe.flush()

        yield Service(0, (process.pid, *store.server_pids)), ring
