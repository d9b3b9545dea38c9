"""Waits for what is observed, and for nothing by the clock."""

import asyncio
from collections.abc import Callable

WITHIN_SECONDS = 20.0


async def until(condition: Callable[[], object], said: Callable[[], object] = lambda: "") -> None:
    """Wait until it holds; the limit is for what never comes, and then `said` goes into the failure."""
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            while not condition():  # noqa: ASYNC110 - what is observed has no event
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"it never came about: {said()}") from None
