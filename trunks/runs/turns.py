"""Whose turn it is: which of the runs that are due are claimed first (docs/design/queue.md, "Turns")."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from trunks.models.verification import WayIn
from trunks.repositories.run_turns import Due, RunTurns

# Six on demand to three queued to one scheduled, when all three wait; spread, so that few places are shared so too.
_ORDER = tuple(
    {"o": WayIn.ON_DEMAND, "q": WayIn.QUEUED, "s": WayIn.SCHEDULED}[letter] for letter in "ooqooqosqo"
)

# A turn asks so many environments; the others have theirs in the next.
_ENVIRONMENTS_PER_TURN = 100
# And passes by so many, whose runs wait for their time for the most part.
_PASSED_PER_TURN = 1000
_BEFORE_ALL = UUID(int=0)


class Turns:
    """Remembers whose turn came last, for one worker."""

    def __init__(self) -> None:
        self._after = _BEFORE_ALL
        self._step = 0

    def due(self, rows: RunTurns, now: datetime, *, limit: int) -> tuple[list[Due], bool]:
        """Choose due runs and lock them; true beside them when others may be left: not all that was asked for ended.

        What comes while it looks rings for itself: whoever looked again for that alone would claim one run at a time.
        """
        passed = rows.environments(self._after, now, limit=_PASSED_PER_TURN)
        environments = [each for each, is_due in passed if is_due][:_ENVIRONMENTS_PER_TURN]
        if not environments:
            return [], self._goes_on(passed)
        each = -(-limit // len(environments))
        found = rows.due(environments, now, each=each)
        chosen, self._step = in_turn(found, environments, limit=limit, step=self._step)
        # Where all of these are another's at this moment, the next ones have their turn.
        self._after = chosen[-1].environment_id if chosen else environments[-1]
        cut_off = (
            len(environments) == _ENVIRONMENTS_PER_TURN
            or len(passed) == _PASSED_PER_TURN
            or len(found) > len(chosen)
            or _any_cut(found, each)
        )
        return chosen, cut_off

    def _goes_on(self, passed: Sequence[tuple[UUID, bool]]) -> bool:
        """Go on behind those that were passed by, if there are more."""
        if len(passed) < _PASSED_PER_TURN:
            return False
        self._after, _ = passed[-1]
        return True


def _any_cut(found: Iterable[Due], each: int) -> bool:
    """Whether an environment may have more due of a way in than were looked for."""
    counts = Counter((run.environment_id, run.way_in) for run in found)
    return any(count >= each for count in counts.values())


def in_turn(
    found: Iterable[Due], environments: Sequence[UUID], *, limit: int, step: int = 0
) -> tuple[list[Due], int]:
    """Choose by way in, six to three to one, and of each way by environment in turn, the longest due first.

    `environments` are in the order of their turns; `step` is where in the ten the last choice ended, and is given anew.
    """
    waiting = {way: _alternating(found, environments, way) for way in WayIn}
    chosen: list[Due] = []
    idle = 0
    while len(chosen) < limit and idle < len(_ORDER):
        queue = waiting[_ORDER[step]]
        step = (step + 1) % len(_ORDER)
        if queue:
            chosen.append(queue.popleft())
            idle = 0
        else:
            idle += 1
    return chosen, step


def _alternating(found: Iterable[Due], environments: Sequence[UUID], way: WayIn) -> deque[Due]:
    """One of each environment, then the next of each."""
    queues: dict[UUID, deque[Due]] = {each: deque() for each in environments}
    for run in found:
        if run.way_in is way:
            queues[run.environment_id].append(run)
    alternating: deque[Due] = deque()
    while any(queues.values()):
        alternating.extend(queue.popleft() for queue in queues.values() if queue)
    return alternating
