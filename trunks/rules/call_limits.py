"""How often test calls may be made, and whom they may be for: pure functions (docs/calls.md)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """So many within this time."""

    most: int
    within: timedelta


# Of an environment; and of one called number, whoever calls it.
OF_ENVIRONMENT = (Limit(10, timedelta(minutes=15)),)
OF_NUMBER = (Limit(3, timedelta(hours=1)), Limit(10, timedelta(days=1)))
LONGEST = max(limit.within for limit in (*OF_ENVIRONMENT, *OF_NUMBER))

# Ringing and talking together.
MOST_SECONDS = 60.0


def free_at(called_at: Collection[datetime], limits: Sequence[Limit], now: datetime) -> datetime | None:
    """When the next call may be made; None where it may be made now."""
    moments = sorted(called_at)
    waits = [
        moments[-limit.most] + limit.within
        for limit in limits
        if len(moments) >= limit.most and moments[-limit.most] + limit.within > now
    ]
    return max(waits, default=None)


def recent(called_at: Collection[datetime], now: datetime) -> list[datetime]:
    """Leave out the calls that no limit counts any more."""
    return sorted(each for each in called_at if each + LONGEST > now)


def may_be_called(allowed: Collection[str], of_numbers: Collection[str]) -> frozenset[str]:
    """The countries that an environment may call: those that the operator named, else those of its own numbers."""
    return frozenset(allowed or of_numbers)
