"""The sweep of a worker: due destinations are claimed, asked and settled, one chunk after the other."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

import structlog

from sipcheck.engine import Engine
from trunks.errors import StoreUnavailable
from trunks.health.check import CheckClaim, CheckResult
from trunks.health.check_claims import ASKED_WAITS_SECONDS
from trunks.installation.installation import Installation
from trunks.repositories.form_proofs import HeardForm
from worker.checks.canaries import Canaries
from worker.checks.check_knocks import CheckKnocks
from worker.checks.destination_check import DestinationCheck
from worker.store_turns import for_ever, in_store

_log = structlog.get_logger(__name__)

# What is in flight at once fits the UDP socket's receive buffer; a chunk is what one transaction claims.
_IN_FLIGHT = 1000
_CHUNK = 500
_FEW = 20
_MANY_FLIPS = 5000
_LOOK_SECONDS = 0.5
_SETTLE_SECONDS = 0.2
_TEND_SECONDS = 1.0
# Of the time that a stopping process has for its runs, checks get this.
_LAST_CHANCE_SECONDS = 3.0

_for_ever = partial(for_ever, log=_log, broke="sweep-broke")


class DueChecks:
    """Give `run` to the engine's loop; chunks are claimed one after the other, and settled one after the other."""

    def __init__(self, installation: Installation, *, on_answer: Callable[[UUID], None]) -> None:
        """Take what is called, in a thread, with each destination that was asked for and has its result stored."""
        settings = installation.settings
        self._liveness = installation.health.claims
        self._results = installation.health.results
        self._breaker = installation.health.breaker
        self._pacing = installation.runs.address_limits
        self._knocks = CheckKnocks(installation.runs.check_ledger)
        self._timeout_seconds = settings.check_timeout_seconds
        self._canaries = Canaries(
            settings.canary_targets,
            installation.runs.check_ledger,
            timeout_seconds=self._timeout_seconds,
            clock=installation.clock,
        )
        self._ways = installation.runs.way_checks
        self._form_desk = installation.runs.form_desk
        self._on_answer = on_answer
        self._settled_at_once = _CHUNK
        self._checking: set[asyncio.Task[None]] = set()
        self._open: dict[int, CheckClaim] = {}
        self._settled = asyncio.Event()
        self._done: list[CheckResult] = []
        self._refused: list[tuple[CheckClaim, float]] = []

    async def run(self, engine: Engine) -> None:
        """Sweep until cancelled; then settle what is done and give back what is not."""
        self._check = DestinationCheck(
            engine,
            self._pacing,
            self._knocks,
            timeout_seconds=self._timeout_seconds,
            on_result=lambda result: self._done.append(self._knocks.heard(result)),
            on_refused=lambda claim, seconds: self._refused.append((claim, seconds)),
            forms=self._form_desk,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_for_ever(self._claim, _LOOK_SECONDS))
                group.create_task(_for_ever(self._settle, _SETTLE_SECONDS))
                group.create_task(_for_ever(lambda: self._tend(engine), _TEND_SECONDS))
        finally:
            await self._give_back()

    async def _claim(self) -> None:
        """Claim as long as there is something due, waiting for room."""
        while True:
            while (room := _IN_FLIGHT - len(self._open)) <= 0:
                self._settled.clear()
                await self._settled.wait()
            claims = await in_store(self._liveness.claim, limit=min(room, _CHUNK))
            if not claims:
                return
            self._open.update((id(claim), claim) for claim in claims)
            checking = asyncio.create_task(self._ask(claims))
            self._checking.add(checking)
            checking.add_done_callback(self._checking.discard)

    async def _ask(self, claims: Sequence[CheckClaim]) -> None:
        try:
            await self._check.check(claims)
        except* StoreUnavailable as errors:
            _log.warning("store-away", error=str(errors.exceptions[0]))
        except* Exception:  # noqa: BLE001 - the border of a chunk: its claims end with their leases
            _log.exception("chunk-broke")
        ended = {id(result.claim) for result in self._done} | {id(claim) for claim, _ in self._refused}
        for claim in claims:
            if id(claim) not in ended:
                self._open.pop(id(claim), None)
        self._settled.set()

    async def _settle(self) -> None:
        """Write what is done; results whose writing fails are lost, and their claims end with their leases."""
        while self._done or self._refused:
            count = self._settled_at_once
            done, self._done[:] = self._done[:count], self._done[count:]
            refused, self._refused[:] = self._refused[:_CHUNK], self._refused[_CHUNK:]
            waiting, heard_forms = [result.claim for result in self._done], self._check.heard_forms()
            try:
                await in_store(self._write, done, refused, waiting, heard_forms)
            finally:
                for claim in (*(result.claim for result in done), *(claim for claim, _ in refused)):
                    self._open.pop(id(claim), None)
                self._settled.set()

    def _write(
        self,
        done: Sequence[CheckResult],
        refused: Sequence[tuple[CheckClaim, float]],
        waiting: Sequence[CheckClaim],
        heard_forms: Sequence[HeardForm] = (),
    ) -> None:
        self._liveness.renew(waiting)
        flips = self._results.settle(done) if done else 0
        self._ways.note(done, heard_forms)
        for result in done:
            if result.claim.asked:
                self._on_answer(result.claim.destination_id)
        # Where many flip the next ones wait for long: then they have their leases renewed more often.
        self._settled_at_once = _FEW if flips > _MANY_FLIPS else _CHUNK
        self._liveness.postpone(refused)
        self._check.settle_pace()
        self._knocks.settle()
        for claim, seconds in refused:
            if claim.asked and seconds > ASKED_WAITS_SECONDS:
                self._on_answer(claim.destination_id)
        if flips:
            _log.info("trunks-flipped", flips=flips, destinations=len(done))
        if refused:
            _log.info("checks-postponed", destinations=len(refused))

    async def _tend(self, engine: Engine) -> None:
        """Look after a held mass fall, and ask the canaries when it is ours to."""
        if await in_store(self._breaker.tend):
            alive = await self._canaries.alive(engine)
            if alive is not None:
                await in_store(self._breaker.canary_answered, alive=alive)

    async def _give_back(self) -> None:
        """Let checks end that soon do, and others take at once what this worker leaves.

        A store that is away ends the leases by itself.
        """
        if self._checking:
            # To break off what has hardly begun would leave the resolver's sockets open, and the loop would not end.
            _, left = await asyncio.wait(self._checking, timeout=_LAST_CHANCE_SECONDS)
            for checking in left:
                checking.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        try:
            await self._settle()
            await in_store(self._liveness.release, list(self._open.values()))
        except StoreUnavailable as error:
            _log.warning("store-away", error=str(error))
