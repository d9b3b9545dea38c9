"""The requests that ask a worker's destinations, written once and kept until they are old or go unanswered."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sipcheck.dns.route import Edge
from sipcheck.engine import Engine
from sipcheck.host import is_address
from sipcheck.sweep.liveness_question import LivenessQuestion, write_question
from sipcheck.target import Target
from trunks.health.check import CheckClaim
from worker.checks.asked_edges import AskedEdges

# Our own address on the way may have changed meanwhile.
_KEEP_SECONDS = 3600.0
# A kilobyte or two each; a worker that has more destinations writes the others' each time.
_MOST = 100_000

# A destination, and the user whose account asks: they take turns.
_Key = tuple[UUID, str | None]


@dataclass(frozen=True, slots=True)
class KeptQuestion:
    """`asks` is what it was written for; `is_fixed` says that no name leads to its edges, so that they stay."""

    asks: tuple[object, ...]
    asked: AskedEdges
    question: LivenessQuestion
    is_fixed: bool
    until: float

    @property
    def edges(self) -> tuple[Edge, ...]:
        return self.asked.edges


class KeptQuestions:
    """Works on the engine's loop; the oldest stand first."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._kept: dict[_Key, KeptQuestion] = {}

    def find(self, claim: CheckClaim) -> KeptQuestion | None:
        """Give what was kept for a destination, unless it is old or asks otherwise than it is to be asked now."""
        kept = self._kept.get(_key(claim))
        if kept is None or (kept.until >= self._loop.time() and kept.asks == _asks(claim)):
            return kept
        self.forget(claim)
        return None

    def question(self, claim: CheckClaim, target: Target, edges: Sequence[Edge]) -> LivenessQuestion | None:
        """Find or write the question for these edges; None where it takes the plain path. Raises ValueError."""
        kept = self.find(claim)
        if kept is not None and kept.edges == edges:
            return kept.question
        question = write_question(
            self._engine, target, edges, username=_key(claim)[1], by_register=claim.options_ignored
        )
        self.forget(claim)
        self._forget_old()
        if question is not None and len(self._kept) < _MOST:
            next_hop = target.domain if target.outbound_proxy is None else target.outbound_proxy.host
            self._kept[_key(claim)] = KeptQuestion(
                _asks(claim),
                AskedEdges.of(edges),
                question,
                is_address(next_hop),
                self._loop.time() + _KEEP_SECONDS,
            )
        return question

    def forget(self, claim: CheckClaim) -> None:
        self._kept.pop(_key(claim), None)

    def _forget_old(self) -> None:
        now = self._loop.time()
        while self._kept and (oldest := next(iter(self._kept.items())))[1].until < now:
            del self._kept[oldest[0]]


def _key(claim: CheckClaim) -> _Key:
    return claim.destination_id, None if claim.asker is None else claim.asker.username


def _asks(claim: CheckClaim) -> tuple[object, ...]:
    return claim.domain, claim.port, claim.transport, claim.outbound_proxy, claim.options_ignored
