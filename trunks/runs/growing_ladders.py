"""The ladders of a worker's runs that somebody waits for, as they grow; in one thread, that of the runs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from sipcheck.report.model import TraceStep
from sipcheck.report.trace import OnStep
from trunks.clock import Clock
from trunks.runs.live_ladders import LiveStep

# A carrier that floods is told of whole in the report.
MOST_STEPS = 60

# By the gateway that the steps are of.
Steps = Callable[[str], OnStep]


class Grown(NamedTuple):
    """`ladders` are whole; of `ended` runs something had been taken before."""

    ladders: dict[UUID, Sequence[LiveStep]]
    ended: set[UUID]


@dataclass(slots=True)
class GrowingLadders:
    """A run that begins and ends between two takes is never taken."""

    clock: Clock
    _growing: dict[UUID, list[LiveStep]] = field(default_factory=dict)
    _changed: dict[UUID, None] = field(default_factory=dict)
    _taken: set[UUID] = field(default_factory=set)
    _ended: set[UUID] = field(default_factory=set)

    @property
    def are_there(self) -> bool:
        """Whether there is anything to take, now or soon."""
        return bool(self._growing or self._ended)

    @contextmanager
    def of(self, verification_id: UUID) -> Iterator[Steps]:
        """Collect what a run sends and receives until it ends.

        One that was lost and is claimed again while its former coroutine still runs has the ladder from then on.
        """
        steps: list[LiveStep] = []
        self._growing[verification_id] = steps

        def heard(gateway: str, step: TraceStep) -> None:
            if len(steps) < MOST_STEPS and self._growing.get(verification_id) is steps:
                steps.append(LiveStep.of(gateway, self.clock(), step))
                self._changed[verification_id] = None

        try:
            yield lambda gateway: lambda step: heard(gateway, step)
        finally:
            if self._growing.get(verification_id) is steps:
                self._end(verification_id)

    def take(self, limit: int) -> Grown:
        """Take what has grown since it was taken last, of so many runs, those first that wait the longest."""
        ids = list(islice(self._changed, limit))
        for each in ids:
            del self._changed[each]
        self._taken.update(ids)
        ended, self._ended = self._ended, set()
        return Grown({each: tuple(self._growing[each]) for each in ids}, ended)

    def put_back(self, grown: Grown) -> None:
        """Have it taken once more, since it could not be written."""
        self._changed |= {each: None for each in grown.ladders if each in self._growing}
        self._ended |= grown.ended

    def _end(self, verification_id: UUID) -> None:
        del self._growing[verification_id]
        self._changed.pop(verification_id, None)
        if verification_id in self._taken:
            self._taken.discard(verification_id)
            self._ended.add(verification_id)
