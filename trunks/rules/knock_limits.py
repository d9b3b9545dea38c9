"""How often a peer may be knocked at (docs/design/queue.md, "Knocks"): its ban filters count everybody who shares our
address.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

from trunks.rules.knock import Knock

TEN_MINUTES, HOUR, DAY = timedelta(minutes=10), timedelta(hours=1), timedelta(days=1)

# Whoever has the accounts of so many of our environments will not ban us lightly: more is borne for each further one.
_GROWS_BEYOND = 20


@dataclass(frozen=True, slots=True)
class KnockLimits:
    """At most so many at one address, over sliding windows."""

    ten_minutes: int
    hour: int
    day: int

    @property
    def windows(self) -> tuple[tuple[timedelta, int], ...]:
        return ((TEN_MINUTES, self.ten_minutes), (HOUR, self.hour), (DAY, self.day))

    def grown(self, environments: int) -> "KnockLimits":
        """What is borne by an address at which so many environments have a proven account."""
        further = max(0, environments - _GROWS_BEYOND)
        return KnockLimits(
            *(
                max(least, min(least + further * more, most))
                for (_, least), (_, more), (_, most) in zip(
                    self.windows, _GROWTH.windows, _MOST.windows, strict=True
                )
            )
        )


SHIPPED = KnockLimits(6, 30, 80)
_GROWTH = KnockLimits(3, 15, 40)
_MOST = KnockLimits(60, 300, 800)


@dataclass(frozen=True, slots=True)
class KnockRules:
    """The limits of every address, and of those that the operator's own names yield; None is no limit.

    The shipped limits grow with what is proven at an address; what the operator has set is taken at its word.
    """

    of_all: KnockLimits | None = SHIPPED
    of_names: Mapping[str, KnockLimits | None] = field(default_factory=dict)


SHIPPED_RULES = KnockRules()


@dataclass(frozen=True, slots=True)
class Rest:
    """Whether an address may be knocked at: at `until` at the earliest, or once others are done, if `busy`.

    `lone` says that it may, and that nobody else may beside.
    """

    until: datetime | None = None
    busy: bool = False
    lone: bool = False


def rest_of(
    knocks: Iterable[Knock], limits: KnockLimits, now: datetime, *, worst: int, next_worst: int
) -> Rest:
    """Judge an address for a visit that costs `worst` at the worst; the next one may cost `next_worst`.

    One may always begin while less than a limit stands and nobody else is there: whoever costs more than is left costs
    it once. Beside others only what surely fits begins.
    """
    known = list(knocks)
    standing = sorted(
        (knock.at, knock.weight) for knock in known if knock.weight and not knock.in_flight(now)
    )
    in_flight = sum(knock.weight for knock in known if knock.in_flight(now))
    until: datetime | None = None
    busy, lone = False, False
    for span, most in limits.windows:
        counted = [(at, weight) for at, weight in standing if at > now - span]
        total = sum(weight for _, weight in counted)
        if total >= most:
            free_at = _when_below(counted, total, most) + span
            until = free_at if until is None else max(until, free_at)
        left = most - total - in_flight
        busy |= in_flight > 0 and left < worst
        lone |= left - worst < next_worst
    return Rest(until, busy, lone)


def _when_below(counted: Sequence[tuple[datetime, int]], total: int, most: int) -> datetime:
    """The moment of the entry with whose going less than the limit stands."""
    gone = accumulate(weight for _, weight in counted)
    return next(at for (at, _), weight in zip(counted, gone, strict=True) if total - weight < most)


def read_limits(text: str) -> KnockLimits | None:
    """Read `6/30/80`, the most in ten minutes, an hour and a day; or 0 for no limit. Raises ValueError."""
    if text == "0":
        return None
    parts = text.split("/")
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 6]
    if len(parts) != 3 or len(numbers) != 3 or not 0 < numbers[0] <= numbers[1] <= numbers[2]:
        raise ValueError(
            f"{text!r} is no limit; give the most in ten minutes, an hour and a day, such as 6/30/80, or 0"
        )
    return KnockLimits(*numbers)
