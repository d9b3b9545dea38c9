"""Under which conditions a row is measured."""

from dataclasses import dataclass

from benchmarks.cores import Cores

_ROUNDS = 5
_MEMORY_ROUNDS = 3  # it hardly differs from one to the next
_SERVICE_ROUNDS = 3  # each starts the service anew
_QUICK_ROUNDS = 2
_QUICK_SHARE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The cores, and how much is measured; a quick run shows that all works, and its figures are worth little."""

    cores: Cores
    quick: bool = False

    @property
    def rounds(self) -> int:
        return _QUICK_ROUNDS if self.quick else _ROUNDS

    @property
    def memory_rounds(self) -> int:
        return 1 if self.quick else _MEMORY_ROUNDS

    @property
    def service_rounds(self) -> int:
        return 1 if self.quick else _SERVICE_ROUNDS

    def operations(self, count: int) -> int:
        return max(1, count // _QUICK_SHARE) if self.quick else count
