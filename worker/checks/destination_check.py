"""One destination's check on the engine's loop: resolved, admitted at the pace of its addresses, asked."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog

from sipcheck.engine import Engine
from sipcheck.reasons import Reason, WarningCode
from sipcheck.sweep.liveness import Liveness, ask_edges, find_route
from sipcheck.sweep.liveness_question import LivenessHeard, LivenessQuestion
from sipcheck.transaction.time_plan import TimePlan
from sipcheck.verification.verification import MAX_PROBED_EDGES
from trunks.errors import StoreUnavailable
from trunks.health.check import CheckClaim, CheckResult, EdgeResult
from trunks.ids import new_id
from trunks.repositories.form_proofs import HeardForm
from trunks.rules.asking import may_be_knock
from trunks.rules.way_evidence import Dialled
from trunks.runs.address_limits import AddressLimits
from trunks.runs.admission import PATIENCE_SECONDS
from trunks.runs.ways.form_questions import NO_FORMS, AskedForms, FormDesk
from trunks.runs.wishes import Spending, Wish
from worker.checks.asked_edges import AskedEdges
from worker.checks.check_knocks import COUNTED, CheckKnocks
from worker.checks.kept_questions import KeptQuestion, KeptQuestions
from worker.provisioning.dialled_names import where_calls_go

_log = structlog.get_logger(__name__)

# So many are begun before others on the loop have their turn: somebody may wait for a verification there.
_BEGUN_AT_ONCE = 20

_NO_SLOT = UUID(int=0)

OnResult = Callable[[CheckResult], None]
OnRefused = Callable[[CheckClaim, float], None]


@dataclass(frozen=True, slots=True)
class _Route:
    """A claim with the edges it leads to, and the question for them where it was asked before; `slot` is what its
    slots are named by, where there are any. `dialled` is where calls would go. `is_whole` where DNS left nothing
    unanswered.
    """

    claim: CheckClaim
    asked: AskedEdges
    slot: UUID
    question: LivenessQuestion | None = None
    dialled: Dialled | None = None
    is_whole: bool = True
    ttl_seconds: int | None = None

    def wish(self) -> Wish:
        """What it would send; only where somebody waits for the answer tokens are waited for."""
        return Wish(
            claim_id=self.slot,
            requests=self.asked.requests,
            lease_until=self.claim.lease_until,
            on_demand=self.claim.asked,
            patience_seconds=PATIENCE_SECONDS,
        )


class DestinationCheck:
    """Every claim ends in one call: `on_result`, or `on_refused` with the seconds after which it may come again.

    Made on the engine's loop. What is alive over UDP is asked by a kept question, without a task of its own. A check
    in full, and one of a destination that failed last, takes the plain path.
    """

    def __init__(
        self,
        engine: Engine,
        pacing: AddressLimits,
        knocks: CheckKnocks,
        *,
        timeout_seconds: float,
        on_result: OnResult,
        on_refused: OnRefused,
        forms: FormDesk | None = None,
    ) -> None:
        self._engine = engine
        self._forms = forms
        self._heard_forms: list[HeardForm] = []
        self._pacing = pacing
        self._knocks = knocks
        self._timeout_seconds = timeout_seconds
        self._plan = TimePlan(timeout_seconds, is_measure=True)
        self._on_result = on_result
        self._on_refused = on_refused
        self._kept = KeptQuestions(engine)
        self._spent: list[Spending] = []

    async def check(self, claims: Sequence[CheckClaim]) -> None:
        """Ask these destinations. Raises StoreUnavailable when nothing was sent to any of them."""
        routes: list[_Route] = []
        async with asyncio.TaskGroup() as group:
            finding = []
            for number, claim in enumerate(claims, start=1):
                kept = self._kept.find(claim)
                if kept is not None and kept.is_fixed:
                    routes.append(_Route(claim, kept.asked, self._slot(), kept.question))
                else:
                    finding.append(group.create_task(self._find(claim, kept)))
                if number % _BEGUN_AT_ONCE == 0:
                    await asyncio.sleep(0)
        routes += [route for task in finding if (route := task.result()) is not None]
        waits = await self._admitted(routes)
        asked = _Asked()
        async with asyncio.TaskGroup() as group:
            for number, (route, wait_seconds) in enumerate(waits, start=1):
                if wait_seconds or not self._ask_quickly(route, asked):
                    group.create_task(self._ask(route, wait_seconds))
                if number % _BEGUN_AT_ONCE == 0:
                    await asyncio.sleep(0)
        await asked.all_ended()

    def _slot(self) -> UUID:
        return _NO_SLOT if self._pacing.off else new_id()

    async def _find(self, claim: CheckClaim, kept: KeptQuestion | None) -> _Route | None:
        route = await find_route(self._engine, claim.target(), timeout_seconds=self._timeout_seconds)
        found = route if isinstance(route, Liveness) else route.edges[:MAX_PROBED_EDGES]
        seconds = self._plan.dns_seconds
        dialled = await where_calls_go(self._engine, claim.target(), found, timeout_seconds=seconds)
        if isinstance(route, Liveness):
            self._on_result(CheckResult(claim=claim, alive=False, reason=route.reason, dialled=dialled))
            return None
        is_partial = any(each.code is WarningCode.DNS_PARTIAL for each in route.warnings)
        is_whole = not is_partial and all(each.instead_of is None for each in route.edges)
        edges = route.edges[:MAX_PROBED_EDGES]
        again = kept is not None and kept.edges == edges
        return _Route(
            claim,
            kept.asked if kept is not None and again else AskedEdges.of(edges),
            self._slot(),
            kept.question if kept is not None and again else None,
            dialled=dialled,
            is_whole=is_whole,
            ttl_seconds=route.ttl_seconds,
        )

    async def _admitted(self, routes: Sequence[_Route]) -> list[tuple[_Route, float]]:
        """Take tokens and slots for all at once; what a guard may count is asked as often as it bears."""
        rest = await self._knocks.refused_of(
            [(route.claim, route.asked.addresses) for route in routes], self._on_refused
        )
        routes = [route for route in routes if route.claim.destination_id not in rest] if rest else routes
        if self._pacing.off or not routes:
            return [(route, 0.0) for route in routes]
        wishes = [route.wish() for route in routes]
        try:
            admissions = await asyncio.to_thread(self._pacing.admit, wishes, lock_wait_ms=None)
        except StoreUnavailable:
            for route in routes:
                self._knocks.refused(route.claim)
            raise
        granted = []
        for route, admission in zip(routes, admissions, strict=True):
            if admission.granted:
                granted.append((route, admission.wait_seconds))
            else:
                self._knocks.refused(route.claim)
                self._on_refused(route.claim, admission.wait_seconds)
        return granted

    def _ask_quickly(self, route: _Route, asked: "_Asked") -> bool:
        """Ask by a kept question; false for what takes the plain path."""
        claim = route.claim
        if claim.in_full or claim.failures:
            # It is written anew next time: our own address on the way is looked up then.
            self._kept.forget(claim)
            return False
        question = route.question
        if question is None:
            try:
                question = self._kept.question(claim, claim.target(), route.asked.edges)
            except ValueError:
                return False  # cannot be written, which the plain path finds too, and tells
        if question is None:
            return False

        def ended(heard: LivenessHeard) -> None:
            try:
                self._hear_quickly(route, heard)
            except Exception:  # noqa: BLE001 - the border of a check, as in _attended
                _log_broken(claim)
            finally:
                asked.end_one()

        asked.begin_one()
        question.ask(ended, self._plan)
        return True

    async def _ask(self, route: _Route, wait_seconds: float) -> None:
        """Ask by the plain path, or by connections."""
        if wait_seconds:
            await asyncio.sleep(wait_seconds)
        claim = route.claim
        with self._attended(claim):
            forms = await self._forms_again(route)
            found = await ask_edges(
                self._engine,
                claim.target(),
                route.asked.edges,
                timeout_seconds=self._timeout_seconds,
                username=None if claim.asker is None else claim.asker.username,
                by_register=claim.options_ignored,
                # What failed before is asked over another socket: that decides about life and death.
                fresh=claim.failures > 0,
                forms=forms.asked,
            )
            self._heard_forms += forms.heard(found.forms)
            self._hear(route, found)

    async def _forms_again(self, route: _Route) -> AskedForms:
        """Take along which forms of calls are due again there, where nobody's guard counts that."""
        claim = route.claim
        may_count = may_be_knock(claim.asker, by_register=False, server=claim.answer_server)
        counted = may_count and claim.answer_status in COUNTED
        if self._forms is None or not claim.in_full or claim.options_ignored or counted:
            return NO_FORMS
        edges = set(route.asked.names)
        try:
            taken = await asyncio.to_thread(self._forms.take_again, claim.destination_id, edges)
        except StoreUnavailable:
            return NO_FORMS  # the next one in full asks
        return AskedForms(claim.destination_id, taken)

    @contextmanager
    def _attended(self, claim: CheckClaim) -> Iterator[None]:
        try:
            yield
        except Exception:  # noqa: BLE001 - the border of a check: its claim ends with its lease, and others go on
            _log_broken(claim)

    def _hear_quickly(self, route: _Route, heard: LivenessHeard) -> None:
        """Take what is alive at its only edge as it is; everything else is judged whole."""
        life, claim, asked = heard.only_life(), route.claim, route.asked
        if life is None:
            self._hear(route, heard.liveness(asked.edges))
            return
        if not self._pacing.off:
            self._spent.append(Spending(route.slot, asked.requests, {asked.addresses[0]: life.sent}))
        seen = asked.seen if route.is_whole else asked.seen_with((), is_whole=False)
        self._on_result(
            CheckResult(
                claim=claim,
                alive=True,
                reason=Reason.ALIVE,
                sip_status=life.status,
                latency_ms=life.latency_ms,
                address=asked.addresses[0],
                edge_addresses=asked.addresses,
                edges=(EdgeResult(asked.names[0], True, life.latency_ms),),
                dialled=route.dialled,
                # What the store has already is not compared again.
                seen=None if claim.good_text == asked.kept else seen,
                ttl_seconds=route.ttl_seconds,
                is_whole=route.is_whole,
            )
        )

    def _hear(self, route: _Route, found: Liveness) -> None:
        asked = route.asked
        if not self._pacing.off:
            self._spent.append(Spending(route.slot, asked.requests, found.sent))
        if not found.alive:
            self._kept.forget(route.claim)
        self._on_result(
            CheckResult(
                claim=route.claim,
                alive=found.alive,
                reason=found.reason,
                some_dead=found.some_dead,
                sip_status=found.sip_status,
                latency_ms=found.latency_ms,
                address=asked.addresses[0],
                edge_addresses=asked.addresses,
                facts=found.facts,
                edges=tuple(EdgeResult(str(each.edge), each.alive, each.latency_ms) for each in found.edges),
                dialled=route.dialled,
                seen=asked.seen_with([each.certificate for each in found.edges], is_whole=route.is_whole),
                cause=found.cause,
                call_ids=tuple((str(each.edge), each.call_id) for each in found.edges if each.call_id),
                ttl_seconds=route.ttl_seconds,
                is_whole=route.is_whole,
            )
        )

    def heard_forms(self) -> Sequence[HeardForm]:
        """Give the answers to forms of calls that have come since this was asked last."""
        heard, self._heard_forms = self._heard_forms, []
        return heard

    def settle_pace(self) -> None:
        """Free the slots, debit what was sent beyond what was granted, and give back what was not.

        Raises StoreUnavailable.
        """
        spent, self._spent = self._spent, []
        self._pacing.settle(spent)


def _log_broken(claim: CheckClaim) -> None:
    _log.exception("check-broke", destination_id=str(claim.destination_id))


class _Asked:
    """Counts the questions that are on their way."""

    def __init__(self) -> None:
        self._left = 0
        self._ended = asyncio.Event()
        self._ended.set()

    def begin_one(self) -> None:
        self._left += 1
        self._ended.clear()

    def end_one(self) -> None:
        self._left -= 1
        if not self._left:
            self._ended.set()

    async def all_ended(self) -> None:
        await self._ended.wait()
