"""A program that is measured, and how one figure is taken from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.cost import Cost, ProgramFailed, run
from benchmarks.measurement import Role, Sample

TakeCount = Callable[[], int]


class Client(Protocol):
    """Gives a sample each time it is asked for one."""

    @property
    def name(self) -> str: ...

    @property
    def role(self) -> Role: ...

    def sample(self) -> Sample:
        """Measure once. Raises ProgramFailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedClient:
    """Runs a program twice, with few and with many operations: the difference is the operations' own cost.

    `command` is given the number of operations. `take_count` tells what came to the responder since it was last
    asked; at least `requests_each` for each operation have to.
    """

    name: str
    role: Role
    command: Callable[[int], Sequence[str]]
    operations: int
    few: int
    requests_each: int = 1
    take_count: TakeCount | None = None
    expected_codes: tuple[int, ...] = (0,)

    def sample(self) -> Sample:
        few, _ = self._run(self.few)
        many, sent_again = self._run(self.few + self.operations)
        each_seconds = (many.cpu_seconds - few.cpu_seconds) / self.operations
        return Sample(
            figure=each_seconds * 1e6,
            start_ms=max(0.0, few.cpu_seconds - self.few * each_seconds) * 1e3,
            with_start=many.cpu_seconds / (self.few + self.operations) * 1e6,
            per_second=self.operations / (many.wall_seconds - few.wall_seconds),
            sent_again=sent_again,
        )

    def _run(self, operations: int) -> tuple[Cost, int | None]:
        if self.take_count is None:
            return run(self.command(operations), expected_codes=self.expected_codes), None
        self.take_count()  # what others left
        cost = run(self.command(operations), expected_codes=self.expected_codes)
        needed, came = operations * self.requests_each, self.take_count()
        if came < needed:
            raise ProgramFailed(f"{self.name} sent {came} requests where {needed} were wanted")
        return cost, came - needed


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEachClient:
    """Runs a program once for each operation: starting it is part of the operation."""

    name: str
    role: Role
    command: Sequence[str]
    operations: int

    def sample(self) -> Sample:
        costs = [run(self.command) for _ in range(self.operations)]
        return Sample(
            figure=sum(cost.cpu_seconds for cost in costs) / self.operations * 1e6,
            per_second=self.operations / sum(cost.wall_seconds for cost in costs),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintingClient:
    """Runs a program that finds the figure itself and prints it on its last line."""

    name: str
    role: Role
    command: Sequence[str]

    def sample(self) -> Sample:
        return Sample(figure=float(run(self.command).output.splitlines()[-1]))
