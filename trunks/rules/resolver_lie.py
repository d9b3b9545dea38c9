"""When names that lead where no call may go are rather a lie of our own resolver: pure functions
(docs/design/infrastructure.md, "The guard's last word").
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from trunks.rules.mass_failure import LONGEST_HOLD

MOST_AT_ONCE = 10
_SOONEST_CONFIRMED = timedelta(seconds=30)
# Of an interval: its jitter, and how late a check may come and be written.
_JITTER, _LATE = 0.1, timedelta(seconds=5)
# That it goes on is noted no more often.
_NOTED_EACH = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class ResolverLie:
    """What looked like one, since when, and when last."""

    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """`confirmed` are parked now, so many are `held`; `lie` is to be kept of that, None where nothing changed."""

    confirmed: frozenset[UUID] = frozenset()
    held: int = 0
    lie: ResolverLie | None = None


def confirmed_after(interval_seconds: float) -> timedelta:
    """Say how long it takes until every destination was checked at this interval, each by its turn."""
    return max(_SOONEST_CONFIRMED, timedelta(seconds=(1.0 + _JITTER) * interval_seconds) + _LATE)


def judge(
    waiting: Mapping[UUID, datetime], due: int, before: ResolverLie | None, now: datetime, *, wait: timedelta
) -> Verdict:
    """Say which of those that are suspected since then are confirmed; `due` destinations were checked in an interval.

    More than ten of them, and more than half of all, are held, for ten minutes at most: whoever brings so many names
    of his own keeps the guard from its word no longer. Once a lie has ended each is given the time for a check.
    """
    calm = wait + _NOTED_EACH + _LATE
    lately = None if before is None or now - before.seen_at >= calm else before
    if lately is not None and lately.seen_at > now:
        # What a clock noted before it was set back is of now.
        lately = ResolverLie(min(lately.began_at, now), now - _NOTED_EACH)
    ripe = frozenset(each for each, since in waiting.items() if now - since >= wait)
    if _is_rather_ours(waiting, due):
        began_at = now if lately is None else lately.began_at
        if now - began_at >= LONGEST_HOLD:
            return Verdict(ripe)
        is_noted = lately is not None and now - lately.seen_at < _NOTED_EACH
        return Verdict(held=len(waiting), lie=None if is_noted else ResolverLie(began_at, now))
    if lately is not None and now - lately.began_at < LONGEST_HOLD + calm:
        return Verdict()
    return Verdict(ripe)


def _is_rather_ours(waiting: Collection[UUID], due: int) -> bool:
    return len(waiting) > MOST_AT_ONCE and 2 * len(waiting) > due
