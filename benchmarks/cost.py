"""What one run of a program cost: its own CPU time, its children's included."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_LIMIT_SECONDS = 180.0
_OUTPUT_TAIL_CHARACTERS = 2000


class ProgramFailed(Exception):
    """A measured program ended as it should not; the message carries the end of its output."""


@dataclass(frozen=True, slots=True)
class Cost:
    """User and system time from start to end, what the clock said meanwhile, and what was printed."""

    cpu_seconds: float
    wall_seconds: float
    output: str


def run(command: Sequence[str], *, expected_codes: Collection[int] = (0,)) -> Cost:
    """Run a program on this process's own cores, to its end. Raises ProgramFailed."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        limit = threading.Timer(_LIMIT_SECONDS, process.kill)
        limit.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            limit.cancel()
        wall_seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode not in expected_codes:
        tail = text[-_OUTPUT_TAIL_CHARACTERS:]
        raise ProgramFailed(f"{' '.join(command)} ended with {process.returncode}:\n{tail}")
    return Cost(usage.ru_utime + usage.ru_stime, wall_seconds, text)
