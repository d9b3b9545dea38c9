"""The test calls of a worker: claimed as they are asked for, a coroutine each; a worker that stops ends them.

It keeps what is written down of all calls that are up, those of proofs too, and ends what lost its worker.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, NamedTuple

import structlog

from sipcheck.engine import Engine
from trunks.errors import StoreUnavailable
from trunks.runs.calls.caller import CallMaker
from trunks.runs.calls.claims import CallClaims, ClaimedCall
from trunks.runs.open_calls import LostCall
from worker.store_turns import for_ever

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0
_RENEW_SECONDS = 10.0
# At once, in one process: a line each, with its pair of ports.
_PLACES = 20


class _Found(NamedTuple):
    """Calls to make, calls to end, and those to record whose end another has seen to."""

    made: list[ClaimedCall]
    lost: list[LostCall]
    ended: list[ClaimedCall]


class CallDesk:
    """Give `run` to the engine's loop."""

    def __init__(self, claims: CallClaims, maker: CallMaker) -> None:
        self._claims = claims
        self._maker = maker
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, engine: Engine) -> None:
        """Make the calls that wait until cancelled; then break off what is under way, and wait until it is recorded."""
        keeping = asyncio.create_task(for_ever(self._renew, _RENEW_SECONDS, log=_log, broke="renewal-broke"))
        try:
            while True:
                await self._look(engine)
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            keeping.cancel()
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(self._running)

    async def _renew(self) -> None:
        """Renew what is written down of calls that are up."""
        await asyncio.to_thread(self._claims.open_calls.renew)

    async def _look(self, engine: Engine) -> None:
        room = _PLACES - len(self._running)
        if room <= 0:
            return
        looking = asyncio.ensure_future(asyncio.to_thread(self._claim, room))
        try:
            found = await asyncio.shield(looking)
        except asyncio.CancelledError:
            # What is claimed by now is ours to end.
            for call in (await looking).made:
                await asyncio.to_thread(self._claims.finish, call, None)
            raise
        except StoreUnavailable as error:
            _log.warning("store-away", error=str(error))
            return
        except Exception:  # noqa: BLE001 - the border of the desk: the next look follows
            _log.exception("claim-broke")
            return
        for call in found.made:
            self._begin(self._maker.make(call, engine.call, lambda: engine.calls_open), call_id=str(call.id))
        for lost in found.lost:
            self._begin(self._maker.end(lost, engine.end_call), run_id=str(lost.run_id))
        for ended in found.ended:
            self._begin(self._maker.record_lost(ended), call_id=str(ended.id))

    def _claim(self, room: int) -> _Found:
        """Claim those that wait, and those whose workers are gone."""
        return _Found(
            self._claims.claim(limit=room),
            self._claims.open_calls.claim_lost(limit=room),
            self._claims.claim_lost(limit=room),
        )

    def _begin(self, work: Coroutine[Any, Any, None], **whose: str) -> None:
        task = asyncio.create_task(self._do(work, whose))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _do(self, work: Coroutine[Any, Any, None], whose: dict[str, str]) -> None:
        try:
            await work
        except StoreUnavailable as error:
            # Its lease ends it.
            _log.warning("store-away", **whose, error=str(error))
        except Exception:  # noqa: BLE001 - the border of a call: its lease ends it, and others go on
            _log.exception("test-call-broke", **whose)
