"""Resident memory of a process, as Linux tells it."""

import os
from pathlib import Path


def resident_bytes(pid: int | None = None) -> int:
    """Read VmRSS of this process or another; raises OSError where there is no such process or no Linux."""
    status = Path(f"/proc/{os.getpid() if pid is None else pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
