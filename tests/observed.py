"""Waits for what is observed, and for nothing by the clock."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

from trunks.errors import StoreBusy

Given = ParamSpec("Given")
Result = TypeVar("Result")

WITHIN_SECONDS = 30.0
# Looks cost what those need who are waited for: ever fewer of them.
_LOOK_SECONDS, _MORE, _AT_MOST_SECONDS = 0.01, 1.2, 0.1


def _pauses() -> Iterator[float]:
    seconds = _LOOK_SECONDS
    while True:
        yield seconds
        seconds = min(seconds * _MORE, _AT_MOST_SECONDS)


async def until(condition: Callable[[], object], said: Callable[[], object] = lambda: "") -> None:
    """Wait until it holds; the limit is for what never comes, and then `said` goes into the failure."""
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            for seconds in _pauses():
                if condition():
                    return
                await asyncio.sleep(seconds)
    except TimeoutError:
        raise AssertionError(f"it never came about: {said()}") from None


def wait_until(condition: Callable[[], object], said: Callable[[], object] = lambda: "") -> None:
    """The same where nothing runs on a loop of ours."""
    deadline = time.monotonic() + WITHIN_SECONDS
    for seconds in _pauses():
        if condition():
            return
        assert time.monotonic() < deadline, f"it never came about: {said()}"
        time.sleep(seconds)


def insist(call: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Make a call to the store beside a worker: again, as the API does, while another keeps the row it wants."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while True:
        try:
            return call(*args, **kwargs)
        except StoreBusy:
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.01)
