"""CPU time of a process and of all below it, while they run."""

import os
from contextlib import suppress
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# proc(5): utime, stime, and those of the children that have ended, counted from behind the program's name.
_TIMES = slice(11, 15)


def cpu_seconds(pid: int) -> float:
    """Sum user and system time, of ended children too; 0 for a process that is not there."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    own = sum(int(ticks) for ticks in fields[_TIMES]) / _TICKS_A_SECOND
    return own + sum(cpu_seconds(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, children.read_text().split())
    return found
