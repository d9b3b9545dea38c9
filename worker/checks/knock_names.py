"""Where the names lead whose carriers the operator has set limits of knocks for, looked up again and again."""

import asyncio

import structlog

from sipcheck.engine import Engine
from sipcheck.sweep.liveness import Liveness, find_edges
from sipcheck.target import parse_target
from trunks.runs.knock_book import KnockBook

_log = structlog.get_logger(__name__)

_AGAIN_SECONDS = 300.0
_TIMEOUT_SECONDS = 5.0


class KnockNames:
    """Give `run` to the engine's loop."""

    def __init__(self, book: KnockBook) -> None:
        self._book = book
        self._led: dict[str, frozenset[str]] = {}

    async def run(self, engine: Engine) -> None:
        """Look names up until cancelled."""
        while True:
            await self.look(engine)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def look(self, engine: Engine) -> None:
        """Look them up once; what a name led to holds until it leads elsewhere."""
        for name in self._book.rules.of_names:
            found = await find_edges(engine, parse_target(name), timeout_seconds=_TIMEOUT_SECONDS)
            if isinstance(found, Liveness):
                _log.warning("knock-name-unresolved", name=name, reason=found.reason)
            else:
                self._led[name] = frozenset(edge.address for edge in found)
        self._book.lead(self._led)
