"""What desks on the engine's loop have in common: turns without end, and questions to the store in a thread."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar

from trunks.errors import StoreUnavailable

_STORE_AWAY_SECONDS = 5.0

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


async def for_ever(
    turn: Callable[[], Awaitable[None]], pause_seconds: float, *, log: Any, broke: str
) -> None:
    """Take turns until cancelled; one that fails is logged, as `broke` unless the store is away, and followed later."""
    while True:
        try:
            await turn()
            await asyncio.sleep(pause_seconds)
        except StoreUnavailable as error:
            log.warning("store-away", error=str(error))
            await asyncio.sleep(_STORE_AWAY_SECONDS)
        except Exception:
            log.exception(broke)
            await asyncio.sleep(_STORE_AWAY_SECONDS)


async def in_store(question: Callable[_Given, _Found], *given: _Given.args, **named: _Given.kwargs) -> _Found:
    """Ask the store in a thread; a question once begun is carried through, also where whoever asked is cancelled and
    hears no answer.
    """
    return await asyncio.shield(asyncio.to_thread(question, *given, **named))
