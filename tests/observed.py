"""Waits for what is observed, and for nothing by the clock."""

import asyncio
import time
from collections.abc import Callable

WITHIN_SECONDS = 30.0
_LOOK_SECONDS = 0.01


async def until(condition: Callable[[], object], said: Callable[[], object] = lambda: "") -> None:
    """Wait until it holds; the limit is for what never comes, and then `said` goes into the failure."""
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not condition():  # noqa: ASYNC110 - what is observed has no event
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise AssertionError(f"it never came about: {said()}") from None


def wait_until(condition: Callable[[], object], said: Callable[[], object] = lambda: "") -> None:
    """The same where nothing runs on a loop of ours."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"it never came about: {said()}"
        time.sleep(2 * _LOOK_SECONDS)
