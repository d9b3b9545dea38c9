"""Cycles of health checks over many trunks, by one worker as an operator starts it."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.cores import Cores
from benchmarks.cost import ProgramFailed
from benchmarks.peers.server import running
from benchmarks.responder import ADDRESS, Responder
from benchmarks.service.cpu_time import cpu_seconds
from benchmarks.service.processes import on_all
from benchmarks.service.seed import Fleet, seed
from benchmarks.service.store import Form, Store, open_store
from benchmarks.service.sweep_store import SweepStore, sweep_store
from benchmarks.sweep_figures import SweepFigures
from sipcheck.target import HostPort
from trunks.clock import utc_now

# Cycles begin when this benchmark says so, and not by themselves.
_INTERVAL_SECONDS = 86_400.0
_SETTINGS = {
    "health_interval_floor_seconds": "0.01",
    "health_interval_seconds": f"{_INTERVAL_SECONDS:g}",
    "failure_threshold": "1",
    "recovery_threshold": "1",
}
_TRUNKD = str(Path(sys.executable).with_name("trunkd"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """So many trunks, spread evenly over so many destinations; a silent one is waited for so long."""

    trunks: int
    destinations: int
    silence_seconds: float = 5.0

    def __str__(self) -> str:
        return f"{self.trunks:,} trunks over {self.destinations:,} destinations"


class Swept:
    """A fleet in a store, and what sweeps it."""

    def __init__(self, store: Store, size: Size) -> None:
        self.store = store
        self.size = size

    @contextmanager
    def worker(self, cores: Cores) -> Iterator["SweepingWorker"]:
        """Run `trunkd worker` and a warm-up cycle. Raises ProgramFailed."""
        log_file = self.store.folder / "sweeping-worker.log"
        with (
            on_all(cores),
            running(
                [_TRUNKD, "worker"],
                ready=lambda: "worker-started" in log_file.read_text(),
                log_file=log_file,
                environment=dict(self.store.environment),
                folder=self.store.folder,
            ) as process,
            sweep_store(self.store) as asked,
        ):
            worker = SweepingWorker(process.pid, self.store.server_pids, asked, self.size)
            worker.alive_cycle()
            asked.settle()
            yield worker


@contextmanager
def swept(size: Size, responder: Responder) -> Iterator[Swept]:
    """Enter a living fleet at the responder, in PostgreSQL. Raises ProgramFailed."""
    with open_store(Form.SCALED, **_SETTINGS, probe_timeout_seconds=f"{size.silence_seconds:g}") as store:
        caller = store.installation.tenancy.tenants.authenticate(store.token)
        assert caller is not None
        fleet = Fleet(
            caller=caller,
            carrier=HostPort(ADDRESS, responder.port),
            trunks=size.trunks,
            destinations=size.destinations,
            due_at=utc_now() + timedelta(seconds=_INTERVAL_SECONDS),
            interval_seconds=_INTERVAL_SECONDS,
        )
        seed(store.installation, fleet)
        yield Swept(store, size)


class SweepingWorker:
    """Sweeps when it is told to; every cycle raises ProgramFailed when it came to something else than it should."""

    def __init__(self, pid: int, server_pids: tuple[int, ...], asked: SweepStore, size: Size) -> None:
        self._pid = pid
        self._database_pid = server_pids[0]
        self._asked = asked
        self._size = size

    def alive_cycle(self) -> SweepFigures:
        """Ask all destinations, and have them all answer."""
        return self._cycle(alive=self._size.destinations, flips=0)

    def looking_cycle(self) -> SweepFigures:
        """The same, and every destination's trunks are looked through for their intervals."""
        self._asked.look_through()
        return self.alive_cycle()

    def counted_cycle(self) -> tuple[int, int]:
        """Count the statements of a cycle like `alive_cycle`, and its transactions."""
        with self._asked.counted() as counts:
            self.alive_cycle()
        statements, transactions = counts
        return statements, transactions

    def fall_cycle(self, silent_port: int) -> SweepFigures:
        """Ask all destinations, and have half of them keep silent: each of their trunks flips."""
        flipping = self._asked.fall_silent(f"{ADDRESS}:{silent_port}")
        return self._cycle(alive=self._size.destinations - (self._size.destinations + 1) // 2, flips=flipping)

    def rollup_bytes(self) -> float:
        return self._asked.row_bytes("health_rollups")

    def flip_bytes(self) -> float:
        return self._asked.row_bytes("flips")

    def _cycle(self, *, alive: int, flips: int) -> SweepFigures:
        flipped = self._asked.flips()
        self._asked.make_due()
        written = self._asked.written_bytes()
        worker, database = cpu_seconds(self._pid), cpu_seconds(self._database_pid)
        started = time.perf_counter()
        ended = self._asked.wait_until_swept()
        figures = SweepFigures(
            trunks=self._size.trunks,
            destinations=self._size.destinations,
            wall_seconds=ended - started,
            worker_cpu_seconds=cpu_seconds(self._pid) - worker,
            database_cpu_seconds=cpu_seconds(self._database_pid) - database,
            wal_bytes=self._asked.written_bytes() - written,
            database_bytes=self._asked.size_bytes(),
            peak_bytes=_peak_bytes(self._pid),
            flips=self._asked.flips() - flipped,
        )
        if (self._asked.alive(), figures.flips) != (alive, flips):
            raise ProgramFailed(
                f"{self._size}: {self._asked.alive()} are alive and {figures.flips} flipped, "
                f"where {alive} and {flips} were to"
            )
        return figures


def _peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
