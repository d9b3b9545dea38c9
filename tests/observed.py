"""Waits for what is observed, and for nothing by the clock."""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from trunks.errors import StoreBusy

Given = ParamSpec("Given")
Result = TypeVar("Result")

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
