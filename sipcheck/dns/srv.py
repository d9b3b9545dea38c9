"""SRV records and the order in which to try them (RFC 2782)."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate, groupby
from random import Random


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """One server of a service; `target` is lower case without the trailing dot, empty for "."."""

    priority: int
    weight: int
    port: int
    target: str

    def __str__(self) -> str:
        return f"{self.priority} {self.weight} {self.port} {self.target or '.'}"


def order_srv(records: Iterable[SrvRecord], random: Random) -> tuple[SrvRecord, ...]:
    """Order by priority, and within one priority by weighted lot (RFC 2782, "Usage rules")."""
    by_priority = sorted(records, key=lambda record: record.priority)
    return tuple(
        drawn
        for _, group in groupby(by_priority, key=lambda record: record.priority)
        for drawn in _draw(list(group), random)
    )


def _draw(records: list[SrvRecord], random: Random) -> list[SrvRecord]:
    # The RFC leaves the order free but for weight 0 first; shuffled, or equal records of weight 0 would
    # always be tried in the order of the answer.
    random.shuffle(records)
    records.sort(key=lambda record: record.weight != 0)
    drawn: list[SrvRecord] = []
    while records:
        sums = list(accumulate(record.weight for record in records))
        lot = random.randint(0, sums[-1])
        drawn.append(records.pop(next(index for index, total in enumerate(sums) if total >= lot)))
    return drawn
