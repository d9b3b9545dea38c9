"""How long a run has an address for itself, as the last ones had it: of one process, on its engine's loop."""

from collections.abc import Iterable

# Until one has been seen.
_AT_FIRST_SECONDS = 0.25
# Of each new one so much is believed.
_BELIEVED = 0.3
_MOST_KEPT = 1000


class TurnTimes:
    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    def took(self, addresses: Iterable[str], seconds: float) -> None:
        """Take how long a run had these addresses; of too many the oldest go."""
        for address in addresses:
            known = self._seconds.pop(address, seconds)
            self._seconds[address] = known + _BELIEVED * (seconds - known)
            if len(self._seconds) > _MOST_KEPT:
                del self._seconds[next(iter(self._seconds))]

    def longest(self, addresses: Iterable[str]) -> float:
        """How long one has all of these addresses."""
        return max((self._seconds.get(each, _AT_FIRST_SECONDS) for each in addresses), default=0.0)
