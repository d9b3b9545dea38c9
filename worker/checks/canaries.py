"""The operator's canaries: asked whether our own network works while most destinations are down."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from sipcheck.dns.route import Edge
from sipcheck.engine import Engine
from sipcheck.sweep.liveness import Liveness, ask_edges, find_edges
from sipcheck.target import Target
from trunks.clock import Clock
from trunks.rules.check_pace import CheckVisit
from trunks.runs.check_ledger import CheckLedger, CheckSettlement, CheckWish
from worker.checks.check_knocks import is_silence, may_count

# Beyond its deadline, for its way through the store.
_LEASE_MARGIN_SECONDS = 10.0
# What is asked confirms a fall: it has that share of what an address bears.
_CONFIRMS = 1


class Canaries:
    """A canary whose address rests is not asked, and says nothing (docs/design/queue.md, "Knocks")."""

    def __init__(
        self, targets: Sequence[Target], ledger: CheckLedger, *, timeout_seconds: float, clock: Clock
    ) -> None:
        self._targets = targets
        self._ledger = ledger
        self._timeout_seconds = timeout_seconds
        self._clock = clock

    async def alive(self, engine: Engine) -> bool | None:
        """Ask all; None when none of them may be asked now. Raises StoreUnavailable."""
        answers = await asyncio.gather(*(self._alive(engine, target) for target in self._targets))
        said = [answer for answer in answers if answer is not None]
        return any(said) if said else None

    async def _alive(self, engine: Engine, target: Target) -> bool | None:
        found = await find_edges(engine, target, timeout_seconds=self._timeout_seconds)
        if isinstance(found, Liveness):
            return found.alive
        limited = self._ledger.limited({edge.address for edge in found})
        if not limited:
            return (await self._ask(engine, target, found)).alive
        wish = CheckWish(
            CheckVisit(uuid5(NAMESPACE_URL, f"sip:{target}"), None, _CONFIRMS),
            limited,
            self._clock() + timedelta(seconds=self._timeout_seconds + _LEASE_MARGIN_SECONDS),
        )
        (admission,) = await asyncio.to_thread(self._ledger.admit, [wish])
        if admission.wait_seconds is not None:
            return None
        heard = await self._ask(engine, target, found)
        counted = may_count(heard.sip_status, heard.reason)
        settlement = CheckSettlement(wish, admission, counted, is_silence(heard.reason))
        await asyncio.to_thread(self._ledger.settle, [settlement])
        return heard.alive

    async def _ask(self, engine: Engine, target: Target, edges: Sequence[Edge]) -> Liveness:
        return await ask_edges(engine, target, edges, timeout_seconds=self._timeout_seconds, fresh=True)
