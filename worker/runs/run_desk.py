"""The runs of a worker: claimed when they are due, as many as there are free places, a coroutine each."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from sipcheck.engine import Engine
from trunks.errors import StoreUnavailable
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.claims import Claimed, RunClaims
from trunks.runs.runner import Runner

_log = structlog.get_logger(__name__)

# A transaction claims at most so many.
_CLAIMED_AT_ONCE = 100
# Whoever was not woken looks for himself: a message may be lost, or have gone to a worker without a free place.
_LOOK_SECONDS = 1.0
# What is due and locked belongs to another in a moment, or is free.
_LOCKED_PAUSE_SECONDS = 0.05
# Places become free in groups, as results are written.
_GATHER_SECONDS = 0.003


class RunDesk:
    """Give `run` to the engine's loop; wake() is called from any thread."""

    def __init__(self, claims: RunClaims, runner: Runner, *, places: int) -> None:
        self._claims = claims
        self._runner = runner
        self._places = places
        self._running: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._full = False
        self._wakes_soon = False
        self._claiming: asyncio.Future[Claimed] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self, within_seconds: float = 0.0) -> None:
        """Have it look for what is due, now or a moment later together with what comes meanwhile."""
        if self._loop is None:
            return
        if not within_seconds:
            self._loop.call_soon_threadsafe(self._woken.set)
        elif not self._wakes_soon:
            self._wakes_soon = True
            self._loop.call_soon_threadsafe(self._wake_later, within_seconds)

    def _wake_later(self, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._wake_now)

    def _wake_now(self) -> None:
        self._wakes_soon = False
        self._woken.set()

    async def run(self, engine: Engine) -> None:
        """Run what is due until cancelled; then wait for what is running, which the engine's loop breaks off."""
        self._loop = asyncio.get_running_loop()
        try:
            while True:
                rung = self._woken.is_set()
                self._woken.clear()
                if not await self._look(rung=rung):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._woken.wait(), _LOOK_SECONDS)
        finally:
            self._loop = None
            # What is claimed by now is ours: the engine's loop takes nothing more, so that these are given back.
            if self._claiming is not None:
                self._begin((await self._claimed(self._claiming)).runs)
            if self._running:
                await asyncio.wait(self._running)

    async def _look(self, *, rung: bool) -> bool:
        """Claim once; true when there may be more to claim at once."""
        room = min(self._places - len(self._running), _CLAIMED_AT_ONCE)
        self._full = room <= 0
        if self._full:
            return False
        self._claiming = asyncio.ensure_future(asyncio.to_thread(self._claims.claim, limit=room, rung=rung))
        claimed = await self._claimed(asyncio.shield(self._claiming))
        self._claiming = None
        self._begin(claimed.runs)
        if claimed.more and not claimed.runs:
            await asyncio.sleep(_LOCKED_PAUSE_SECONDS)
        return claimed.more

    async def _claimed(self, claiming: asyncio.Future[Claimed]) -> Claimed:
        try:
            return await claiming
        except StoreUnavailable as error:
            _log.warning("store-away", error=str(error))
        except Exception:  # noqa: BLE001 - the border of the desk: the next look follows
            _log.exception("claim-broke")
        return Claimed([], more=False)

    def _begin(self, claims: Sequence[ClaimedRun]) -> None:
        for claim in claims:
            task = asyncio.create_task(self._run(claim))
            self._running.add(task)
            task.add_done_callback(self._ended)

    async def _run(self, claim: ClaimedRun) -> None:
        try:
            await self._runner.run(claim)
        except StoreUnavailable as error:
            # The lease brings the run again.
            _log.warning("store-away", verification_id=str(claim.verification_id), error=str(error))
        except Exception:  # noqa: BLE001 - the border of a run: its lease brings it again, and others go on
            _log.exception("run-broke", verification_id=str(claim.verification_id))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._full and self._loop is not None:
            self._full = False
            self._loop.call_later(_GATHER_SECONDS, self._woken.set)
