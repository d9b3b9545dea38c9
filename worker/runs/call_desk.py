"""The test calls of a worker: claimed as they are asked for, a coroutine each; a worker that stops ends them."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from sipcheck.engine import Engine
from trunks.errors import StoreUnavailable
from trunks.runs.calls.caller import CallMaker
from trunks.runs.calls.claims import CallClaims, ClaimedCall

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0
# At once, in one process: a line each, with its pair of ports.
_PLACES = 20


class CallDesk:
    """Give `run` to the engine's loop."""

    def __init__(self, claims: CallClaims, maker: CallMaker) -> None:
        self._claims = claims
        self._maker = maker
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, engine: Engine) -> None:
        """Make the calls that wait until cancelled; then break off what is under way, and wait until it is recorded."""
        try:
            while True:
                await self._look(engine)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(self._running)

    async def _look(self, engine: Engine) -> None:
        room = _PLACES - len(self._running)
        if room <= 0:
            return
        looking = asyncio.ensure_future(asyncio.to_thread(self._claim, room))
        try:
            made, lost = await asyncio.shield(looking)
        except asyncio.CancelledError:
            # What is claimed by now is ours to end.
            made, _ = await looking
            for call in made:
                await asyncio.to_thread(self._claims.finish, call, None)
            raise
        except StoreUnavailable as error:
            _log.warning("store-away", error=str(error))
            return
        except Exception:  # noqa: BLE001 - the border of the desk: the next look follows
            _log.exception("claim-broke")
            return
        for call in made:
            self._begin(call, self._maker.make(call, engine.call, lambda: engine.calls_open))
        for call in lost:
            self._begin(call, self._maker.end(call, engine.end_call))

    def _claim(self, room: int) -> tuple[list[ClaimedCall], list[ClaimedCall]]:
        """Claim those that wait, and those to end whose workers are gone."""
        return self._claims.claim(limit=room), self._claims.claim_lost(limit=room)

    def _begin(self, call: ClaimedCall, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._do(call, work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _do(self, call: ClaimedCall, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except StoreUnavailable as error:
            # Its lease ends it.
            _log.warning("store-away", call_id=str(call.id), error=str(error))
        except Exception:  # noqa: BLE001 - the border of a call: its lease ends it, and others go on
            _log.exception("test-call-broke", call_id=str(call.id))
