"""At most one scheduled OPTIONS in a while for a Request-URI host at an edge address (docs/design/architecture.md)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Place:
    """Where a check is seen: its Request-URI host, and the addresses that it led to last.

    Before its first check nobody knows them; what goes through the same proxy, or through none, counts as the same.
    """

    host: str
    proxy: str | None
    addresses: tuple[str, ...] = ()

    @property
    def crowded_by(self) -> tuple[tuple[str, ...], ...]:
        """Whom it has to keep its distance from."""
        if self.addresses:
            return tuple((self.host, "at", address) for address in self.addresses)
        return (self._way,)

    @property
    def crowds(self) -> tuple[tuple[str, ...], ...]:
        """Whom its being asked concerns."""
        return (*(self.crowded_by if self.addresses else ()), self._way)

    @property
    def _way(self) -> tuple[str, ...]:
        return (self.host, "by", self.proxy or "")


class HostSpacing:
    """Turns of checks at their places, a spacing apart; told in the order of the turns."""

    def __init__(self, spacing_seconds: float, now: datetime) -> None:
        self._spacing = timedelta(seconds=spacing_seconds)
        self._now = now
        self._last: dict[tuple[str, ...], datetime] = {}

    def asked(self, places: Iterable[tuple[Place, datetime]]) -> None:
        """Remember what was asked when."""
        for place, at in places:
            for crowd in place.crowds:
                self._last[crowd] = max(at, self._last.get(crowd, at))

    def turn(self, place: Place) -> datetime:
        """Give the next one's turn, which is taken by it."""
        turn = max(
            (self._last[crowd] + self._spacing for crowd in place.crowded_by if crowd in self._last),
            default=self._now,
        )
        turn = max(turn, self._now)
        self.asked([(place, turn)])
        return turn


def weights(environments: Mapping[UUID, Collection[UUID]]) -> dict[UUID, float]:
    """Weigh the destinations of one place, each with its environments: an environment has as much as any other,
    however many destinations it spreads it over.
    """
    spread = Counter(each for among in environments.values() for each in among)
    return {
        destination_id: sum(1 / spread[each] for each in among)
        for destination_id, among in environments.items()
    }
