"""What runs have sent and received so far, written down twice a second for all that somebody waits for."""

import asyncio

import structlog

from sipcheck.engine import Engine
from trunks.errors import StoreUnavailable
from trunks.runs.growing_ladders import GrowingLadders
from trunks.runs.live_ladders import LiveLadders

_log = structlog.get_logger(__name__)

# A run that ends sooner is never written down.
PAUSE_SECONDS = 0.5
# So that a write stays short; the others have their turn a pause later.
_RUNS_AT_ONCE = 50


class LadderDesk:
    """Give `run` to the engine's loop. What cannot be written is written later, or not at all: no run waits for it."""

    def __init__(self, ladders: LiveLadders, growing: GrowingLadders) -> None:
        self._ladders = ladders
        self._growing = growing

    async def run(self, engine: Engine) -> None:
        """Write until cancelled; what is left then goes with the cleaning of old rows."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            if self._growing.are_there:
                await self._write()

    async def _write(self) -> None:
        grown = self._growing.take(_RUNS_AT_ONCE)
        if not grown.ladders and not grown.ended:
            return
        try:
            await asyncio.to_thread(self._ladders.write, grown.ladders, grown.ended)
        except StoreUnavailable as error:
            self._growing.put_back(grown)
            _log.info("ladders-not-written", error=str(error))
        except Exception:  # noqa: BLE001 - the border of the task: nobody's run ends with it
            _log.exception("ladders-broke")
