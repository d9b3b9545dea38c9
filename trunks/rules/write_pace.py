"""How many writes a second the infrastructure is given: pure functions (docs/design/infrastructure.md, "Pace")."""

import math
from dataclasses import dataclass, replace
from datetime import datetime

# Of the rate: kept for what nobody asked for, however much is asked.
KEPT_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class WritesLeft:
    """Writes that may be made now; less than none where a person's work went before.

    `kept` are those that persons' work takes from nobody.
    """

    count: float
    at: datetime
    kept: float = 0.0

    @property
    def whole(self) -> int:
        """How many may be made now of what waits for its turn."""
        return max(0, math.floor(max(self.count, self.kept)))

    @property
    def over(self) -> int:
        """How many are left by all others."""
        return max(0, math.floor(self.count))

    def after(self, writes: int, *, least: float) -> "WritesLeft":
        """Take writes away that had their turn."""
        return replace(self, count=max(self.count - writes, least), kept=max(self.kept - writes, 0.0))

    def beside(self, writes: int, *, least: float) -> "WritesLeft":
        """Take writes away that are none of what the share is kept for."""
        return replace(self, count=max(self.count - writes, least))


def refilled(before: WritesLeft | None, now: datetime, *, rate: float) -> WritesLeft:
    """Give what is left by now: `rate` a second, and never more than a second's worth, at least one."""
    most, kept_rate = max(rate, 1.0), rate * KEPT_SHARE
    most_kept = max(kept_rate, 1.0)
    if before is None:
        return WritesLeft(most, now, most_kept)
    passed_seconds = max((now - before.at).total_seconds(), 0.0)
    return WritesLeft(
        min(most, before.count + rate * passed_seconds),
        now,
        min(most_kept, before.kept + kept_rate * passed_seconds),
    )


def least_left(rate: float) -> float:
    """How far a person's work may go ahead: others wait for it no longer than ten seconds."""
    return -10.0 * rate
