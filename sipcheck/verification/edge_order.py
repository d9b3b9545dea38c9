"""All edges of one verification at once: OPTIONS to every one, the proof where it belongs, by the time plan."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence

from sipcheck.auth.round import CHALLENGE_STATUS
from sipcheck.diagnosis.evidence import Proof
from sipcheck.diagnosis.rules import fails_over
from sipcheck.reasons import Reason
from sipcheck.transaction.run_context import RunContext
from sipcheck.verification.edge_probe import EdgeProbe

NextEdge = Callable[[Sequence[EdgeProbe]], Awaitable[EdgeProbe | None]]


class EdgeOrder:
    """Runs the probes of a verification's edges, which stand in RFC 3263 order."""

    def __init__(self, probes: Sequence[EdgeProbe], run: RunContext) -> None:
        self._probes = probes
        self._proving = run.proof_credentials is not None
        self._run = run
        self._plan = run.plan
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._changed = asyncio.Event()

    async def execute(self) -> None:
        """Probe until the verdict is settled and the silent edges have had their last chance."""
        if self._run.proof_credentials is not None and self._run.proof is Proof.REGISTER:
            await self._prove(self._next_in_order)
            return
        if self._run.proof_credentials is None and len(self._probes) == 1:
            await self._ask(self._probes[0])
            return
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._ask(probe)) for probe in self._probes]
            if self._run.proof_credentials is None:
                await self._wait_for_life()
            else:
                await self._prove(self._next_by_answer)
                self._proven()
            await self._give_last_chance(tasks)

    async def _ask(self, probe: EdgeProbe) -> None:
        if not probe.settled.is_set():
            await probe.ask_options()
        self._changed.set()
        if not self._proving:
            self._tell_done(probe)

    def _proven(self) -> None:
        """Tell of the edges that had their ends while any of them could still be chosen to prove the credentials."""
        self._proving = False
        for probe in self._probes:
            if probe.settled.is_set():
                self._tell_done(probe)

    def _tell_done(self, probe: EdgeProbe) -> None:
        if self._run.edge_done is not None and not (self._run.asks_on and probe.alive):
            self._run.edge_done(probe.edge)

    async def _wait_for_life(self) -> None:
        while not any(probe.alive for probe in self._probes) and not self._all_settled() and not self._over():
            await self._wait_for_change(self._run.deadline)

    async def _prove(self, next_edge: NextEdge) -> None:
        """Prove the credentials at one edge, and at the next only after 503, a transport failure or silence."""
        tried: list[EdgeProbe] = []
        while (probe := await next_edge(tried)) is not None:
            if tried and self._over():
                return  # what has no time left is not asked, and nothing is said of it
            tried.append(probe)
            probe.proven_here = True
            if self._run.proof is Proof.INVITE:
                await self._try_at(probe, probe.ask_invite(), probe.abandon_invite)
            elif self._run.proof is not Proof.OPTIONS:
                await self._try_at(probe, probe.ask_register(), probe.abandon_register)
            if self._options_may_prove(probe):
                await probe.answer_options()
            if not fails_over(probe.evidence):
                return

    async def _next_in_order(self, tried: Sequence[EdgeProbe]) -> EdgeProbe | None:
        return next((probe for probe in self._probes if probe not in tried), None)

    async def _next_by_answer(self, tried: Sequence[EdgeProbe]) -> EdgeProbe | None:
        """Choose the first edge that answers; once patience has run out, the first that is merely silent."""
        precedence_until = self._started + self._plan.precedence_seconds
        patience_until = self._started + self._plan.patience_seconds * (1 + len(tried))
        while True:
            now = self._loop.time()
            open_edges = [probe for probe in self._probes if probe not in tried and not _hopeless(probe)]
            answering = next((probe for probe in open_edges if probe.alive), None)
            pending = [probe for probe in open_edges if not probe.settled.is_set()]
            if answering is not None:
                overtakable = any(probe in pending for probe in open_edges[: open_edges.index(answering)])
                if not overtakable or now >= precedence_until or self._over():
                    return answering
                await self._wait_for_change(precedence_until)
            elif not pending or now >= patience_until or self._over():
                return next(iter(sorted(open_edges, key=_unanswered)), None)
            else:
                await self._wait_for_change(patience_until)

    async def _try_at(
        self, probe: EdgeProbe, asking: Coroutine[object, object, None], abandon: Callable[[], None]
    ) -> None:
        """Send REGISTER or INVITE; an unanswered one is given up for another way, but never once credentials left.

        One at a time: an address-of-record has one outstanding REGISTER (RFC 3261 §10.2).
        """
        started = self._loop.time()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(asking)
            while not task.done():
                patience = self._plan.register_seconds if probe.alive else self._plan.patience_seconds
                remaining = started + patience - self._loop.time()
                if remaining > 0:
                    await asyncio.wait([task], timeout=remaining)
                elif probe.credentials_leave or not self._another_way(probe):
                    await asyncio.wait([task])
                else:
                    task.cancel()
                    abandon()
                    break

    def _another_way(self, probe: EdgeProbe) -> bool:
        """Whether there is another edge to turn to, or a challenged OPTIONS."""
        others = any(not other.proven_here and not _hopeless(other) for other in self._probes)
        return others or self._options_may_prove(probe)

    def _options_may_prove(self, probe: EdgeProbe) -> bool:
        """Whether OPTIONS was challenged and REGISTER was not: then its challenge is the proof."""
        options, register = probe.options, probe.register
        if (
            options is None
            or options.status not in CHALLENGE_STATUS
            or self._run.proof
            in (
                Proof.REGISTER,
                Proof.INVITE,
            )
        ):
            return False
        if register is None:
            return True
        if register.challenged or register.credentials_sent:
            return False
        return register.silent or register.alive

    async def _give_last_chance(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """Give edges that are still silent their last chance, then count them as down.

        While none is alive there is no verdict to wait for them: each ends by itself at the deadline.
        """
        if not any(probe.alive for probe in self._probes):
            await asyncio.wait(tasks)
            return
        _, silent = await asyncio.wait(tasks, timeout=self._plan.settle_seconds)
        for probe, task in zip(self._probes, tasks, strict=True):
            if task in silent:
                task.cancel()
                probe.abandon_options()

    def _over(self) -> bool:
        return self._loop.time() >= self._run.deadline

    def _all_settled(self) -> bool:
        return all(probe.settled.is_set() for probe in self._probes)

    async def _wait_for_change(self, moment: float) -> None:
        """Wait for the next answer or end of an edge, until the moment or the deadline."""
        self._changed.clear()
        try:
            async with asyncio.timeout_at(min(moment, self._run.deadline)):
                await self._changed.wait()
        except TimeoutError:
            return


def _hopeless(probe: EdgeProbe) -> bool:
    """Whether REGISTER need not be tried: there is no way, or OPTIONS met more than silence and the connection's end.

    A peer that hangs up may do so because of the method alone, as one that is silent may ignore it alone.
    """
    if probe.connection.failure is not None:
        return True
    failure = None if probe.options is None else probe.options.failure
    return failure is not None and failure.reason not in (Reason.NO_RESPONSE, Reason.CONNECTION_RESET)


def _unanswered(probe: EdgeProbe) -> bool:
    return probe.options is None or probe.options.silent
