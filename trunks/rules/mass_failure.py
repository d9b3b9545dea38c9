"""When a fall is a mass fall, and when its hold ends (docs/design/architecture.md, "Breaker"): pure functions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FEWEST_ADDRESSES = 3
CANARY_INTERVAL = timedelta(seconds=10)
LONGEST_HOLD = timedelta(minutes=10)


class Release(StrEnum):
    """Why a hold ended."""

    CANARY_ALIVE = "canary-alive"
    PROBED_AGAIN = "probed-again"  # each of those held was probed a second time, and answered or not
    HELD_LONG_ENOUGH = "held-long-enough"


@dataclass(frozen=True, slots=True)
class Fall:
    """What failed within one interval: formerly healthy destinations, their addresses, and all that were due."""

    destinations: int
    addresses: int
    due: int


def is_mass_fall(fall: Fall, *, fewest_destinations: int) -> bool:
    """Whether so many fell at once that the fault is rather ours."""
    return (
        fall.destinations >= fewest_destinations
        and fall.addresses >= FEWEST_ADDRESSES
        and 2 * fall.destinations > fall.due
    )


@dataclass(frozen=True, slots=True)
class Hold:
    """A mass fall that is held; `canary_alive` is the canary's last answer, where one is set."""

    began_at: datetime
    canary_set: bool
    canary_alive: bool | None = None


def holds_back(hold: Hold, held_failures: int) -> bool:
    """Whether a destination's failure is held: with a canary until that answers, else the second one is let go."""
    return hold.canary_set or held_failures == 0


def release_of(hold: Hold, now: datetime, *, still_held: int) -> Release | None:
    """Say why the hold ends now; None while it lasts. `still_held` waits for its second probe."""
    if now - hold.began_at >= LONGEST_HOLD:
        return Release.HELD_LONG_ENOUGH
    if hold.canary_set:
        return Release.CANARY_ALIVE if hold.canary_alive else None
    return Release.PROBED_AGAIN if still_held == 0 else None
