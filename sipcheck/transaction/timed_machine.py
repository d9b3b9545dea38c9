"""What the transaction machines have in common: a table, a state, and timers that fire in an order of their own.

A machine has no socket, no clock and no loop: moments are arguments, in seconds on the caller's clock.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from sipcheck.transaction.timers import RFC_3261, Timers

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)
A = TypeVar("A", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Rules(Generic[S, E, A]):
    """`timers` in the order in which they fire: those that end first, so that a late clock sends nothing after the end.

    In the state `ended` no timer runs. A timer that does `repeated` runs again.
    """

    table: Mapping[tuple[S, E], tuple[S, tuple[A, ...]]]
    ended: S
    timers: tuple[E, ...]
    repeated: A


class TimedMachine(ABC, Generic[S, E, A]):
    """One transaction: what to do at each event, and when to look again."""

    def __init__(self, rules: Rules[S, E, A], state: S, *, reliable: bool, timers: Timers = RFC_3261) -> None:
        self.state = state
        self._rules = rules
        self._reliable = reliable
        self._timers = timers
        self._interval_seconds = timers.t1_seconds
        self._due: dict[E, float] = {}

    @property
    def next_at(self) -> float | None:
        """When the next timer fires, or None when none runs."""
        return min(self._due.values(), default=None)

    def on_time(self, now: float) -> tuple[A, ...]:
        """Fire what is due."""
        actions: tuple[A, ...] = ()
        for timer in self._rules.timers:
            due_at = self._due.get(timer)
            if due_at is None or due_at > now:
                continue
            del self._due[timer]
            fired = self._step(timer)
            if self._rules.repeated in fired:
                self._due[timer] = self._again_at(due_at, now)
            actions += fired
        return actions

    @abstractmethod
    def _again_at(self, due_at: float, now: float) -> float:
        """When the timer that was due at `due_at`, and has just sent again, fires next."""

    def _step(self, event: E) -> tuple[A, ...]:
        self.state, actions = self._rules.table[self.state, event]
        if self.state is self._rules.ended:
            self._due.clear()
        return actions
