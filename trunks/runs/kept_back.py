"""Lines of runs that others in flight at their addresses keep back: the first of each asks, the others stand behind.

Of one process, on its engine's loop. Whose turn it is asks the store; nothing is promised to him.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

from trunks.runs.knock_ledger import LOOK_SECONDS, Settlement, Visit
from trunks.runs.turn_times import TurnTimes


@dataclass(frozen=True, slots=True)
class _Line:
    """One of an environment's to the same addresses; its own, where the account keeps the run back."""

    environment_id: UUID | None
    addresses: frozenset[str]
    account_key: str | None = None


class KeptBack:
    def __init__(self) -> None:
        # The lines in the order of their turns.
        self._lines: dict[_Line, list[Place]] = {}
        self._times = TurnTimes()

    def place(self, visit: Visit, *, on_demand: bool) -> "Place":
        """Give a run its place, to be used as a context; it stands in no line before it waits."""
        return Place(self, visit, on_demand=on_demand)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Let the first of a line ask at each address where a run has been settled: of one line after the other."""
        now = asyncio.get_running_loop().time()
        for each in settlements:
            if each.began_at is not None:
                self._times.took((seen.address for seen in each.seen), now - each.began_at)
        for address in {seen.address for each in settlements for seen in each.seen}:
            self._tell(address)

    def _tell(self, address: str) -> None:
        for line, places in self._lines.items():
            if address in line.addresses and places[0].tell():
                self._lines[line] = self._lines.pop(line)
                return

    def turn_seconds(self, addresses: Iterable[str]) -> float:
        """How long a run has one of these addresses for itself."""
        return self._times.longest(addresses)

    def enter(self, line: _Line, place: "Place") -> None:
        """Stand in line: whoever somebody waits for goes before all others."""
        places = self._lines.setdefault(line, [])
        before = sum(each.on_demand for each in places) if place.on_demand else len(places)
        places.insert(before, place)
        if not before and len(places) > 1:
            places[1].stir()

    def leave(self, line: _Line, place: "Place") -> None:
        places = self._lines[line]
        places.remove(place)
        if not places:
            del self._lines[line]
        elif place.told:
            places[0].tell()
        else:
            places[0].stir()

    def ahead(self, line: _Line, place: "Place") -> int:
        """Of how many it is the turn before this one, those of other lines among them."""
        places = self._lines.get(line, [])
        own = places.index(place) if place in places else len(places)
        others = sum(bool(each.addresses & line.addresses) for each in self._lines if each != line)
        return own * (1 + others)

    def is_first(self, line: _Line, place: "Place") -> bool:
        return self._lines[line][0] is place

    def is_followed(self, line: _Line, place: "Place") -> bool:
        return self._lines[line][-1] is not place


class Place:
    """A run's place in line, from its first wait until it leaves the block."""

    def __init__(self, kept: KeptBack, visit: Visit, *, on_demand: bool) -> None:
        self.on_demand = on_demand
        self.told = False
        self._kept = kept
        self._visit = visit
        self._own = _Line(visit.visitor.environment_id, frozenset(visit.worst))
        self._line: _Line | None = None
        self._stirred = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line is not None:
            self._kept.leave(self._line, self)

    @property
    def in_line(self) -> bool:
        return self._line is not None

    @property
    def is_followed(self) -> bool:
        """Whether others stand in line behind it."""
        return self._line is not None and self._kept.is_followed(self._line, self)

    @property
    def turn_seconds(self) -> float:
        """How long those ahead have an address each."""
        return self._kept.turn_seconds(self._own.addresses)

    @property
    def behind_seconds(self) -> float:
        """How long those ahead may take."""
        return self._kept.ahead(self._line or self._own, self) * self.turn_seconds

    async def turn(
        self, until: float, *, look_seconds: float = LOOK_SECONDS, of_account: bool = False
    ) -> None:
        """Wait until it may ask: when it is told, when it has been the first for `look_seconds`, or at the end."""
        self._enter(of_account=of_account)
        loop = asyncio.get_running_loop()
        while not self.told:
            look_at = min(until, loop.time() + look_seconds) if self._is_first() else until
            try:
                async with asyncio.timeout_at(look_at):
                    await self._stirred.wait()
            except TimeoutError:
                break
            self._stirred.clear()
        self.told = False

    def tell(self) -> bool:
        """Have it ask now; false when it is about to."""
        if self.told:
            return False
        self.told = True
        self.stir()
        return True

    def stir(self) -> None:
        """Have it look where it stands."""
        self._stirred.set()

    def _enter(self, *, of_account: bool) -> None:
        if self._line is None:
            key = self._visit.visitor.account_key if of_account else None
            self._line = _Line(self._own.environment_id, self._own.addresses, key)
            self._kept.enter(self._line, self)

    def _is_first(self) -> bool:
        return self._line is not None and self._kept.is_first(self._line, self)
