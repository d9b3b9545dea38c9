"""How slow this machine is, for the few limits that are processor time."""

import time

_TURNS = 50_000
# What they take on the machines for which the limits were set.
_USUAL_SECONDS = 0.004


def slowness() -> float:
    """Say how many times longer than there a computation takes here and now; never less than one."""
    return max(1.0, min(_seconds() for _ in range(3)) / _USUAL_SECONDS)


def _seconds() -> float:
    started = time.thread_time()
    total = 0
    for number in range(_TURNS):
        total += number * number
    return time.thread_time() - started
