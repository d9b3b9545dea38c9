"""How many writes a second the infrastructure is given: pure functions (docs/design/infrastructure.md, "Pace")."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WritesLeft:
    """Writes that may be made now; less than none where a person's work went before."""

    count: float
    at: datetime


def refilled(before: WritesLeft | None, now: datetime, *, rate: float) -> WritesLeft:
    """Give what is left by now: `rate` a second, and never more than a second's worth, at least one."""
    most = max(rate, 1.0)
    if before is None:
        return WritesLeft(most, now)
    passed_seconds = max((now - before.at).total_seconds(), 0.0)
    return WritesLeft(min(most, before.count + rate * passed_seconds), now)


def least_left(rate: float) -> float:
    """How far a person's work may go ahead: others wait for it no longer than ten seconds."""
    return -10.0 * rate
