"""What one verification costs this process: `make bench` prints a table and keeps the figures as JSON.

The client is pinned to one core and the responder to another where the machine allows it. CPU time is the
client process's own, user and system. Each figure is the median of several runs, with their spread.
"""

import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from ipaddress import ip_network
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sipcheck import Credentials, Engine, EngineSettings, Guard, Reason, Target, TransportName

RUNS = 5
CONCURRENCY = 50
OPERATIONS = 2000
RESULTS = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """CPU microseconds and operations a second: median, lowest and highest of the runs."""

    name: str
    cpu_us: float
    cpu_us_lowest: float
    cpu_us_highest: float
    per_second: float


@contextmanager
def responder(cpu: int | None) -> Iterator[int]:
    """Run the responder and give its port."""
    command = [sys.executable, "-m", "benchmarks.responder"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if cpu is not None:
            os.sched_setaffinity(process.pid, {cpu})
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


async def run_once(port: int, credentials: Credentials | None, wanted: Reason) -> tuple[float, float]:
    """Verify OPERATIONS times; (CPU seconds, wall seconds)."""
    guard = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
    target = Target("127.0.0.1", port, TransportName.UDP)
    pending = iter(range(OPERATIONS))

    async with Engine(EngineSettings(guard=guard)) as engine:

        async def work() -> None:
            for _ in pending:
                report = await engine.verify(target, credentials=credentials)
                if report.reason is not wanted:
                    raise RuntimeError(f"{report.reason}: {report.summary}")

        cpu, wall = time.process_time(), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(work())
        return time.process_time() - cpu, time.perf_counter() - wall


def measure(name: str, port: int, credentials: Credentials | None, wanted: Reason) -> Figure:
    runs = [asyncio.run(run_once(port, credentials, wanted)) for _ in range(RUNS)]
    cpu = [seconds / OPERATIONS * 1e6 for seconds, _ in runs]
    rate = statistics.median(OPERATIONS / wall for _, wall in runs)
    return Figure(name, statistics.median(cpu), min(cpu), max(cpu), rate)


def main() -> None:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    apart = len(cores) > 1
    if apart:
        os.sched_setaffinity(0, {cores[0]})
    with responder(cores[1] if apart else None) as port:
        figures = [
            measure("OPTIONS over UDP, a whole verification", port, None, Reason.ALIVE),
            measure(
                "OPTIONS and REGISTER with digest over UDP, a whole verification",
                port,
                Credentials("bench", "secret"),
                Reason.CREDENTIALS_PROVEN,
            ),
        ]
    show(figures)
    keep(figures)


def show(figures: list[Figure]) -> None:
    table = Table("operation", "CPU µs each", "lowest-highest", "a second, one core")
    for figure in figures:
        spread = f"{figure.cpu_us_lowest:.0f}-{figure.cpu_us_highest:.0f}"
        table.add_row(figure.name, f"{figure.cpu_us:.0f}", spread, f"{figure.per_second:.0f}")
    Console().print(table)


def keep(figures: list[Figure]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    facts = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "runs": RUNS,
        "operations_a_run": OPERATIONS,
        "concurrency": CONCURRENCY,
        "peak_memory_kib": peak_kib,
        "figures": [asdict(figure) for figure in figures],
    }
    RESULTS.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
