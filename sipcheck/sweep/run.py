"""A sweep from its rows to its last report, with an engine of its own."""

import resource
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sipcheck.diagnosis.evidence import Proof
from sipcheck.engine import Engine
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.sweep.sweep import DEFAULT_CONCURRENCY, BadRow, Sweep, SweepResult, SweepRow

_SOCKETS_A_DESTINATION = 10  # eight edges, a name server's, and one to spare


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """How a sweep is gone through: `concurrency` destinations at once, `timeout_seconds` for each row.

    `requests_per_second` paces the requests of all rows together; None does not.
    """

    proof: Proof = Proof.AUTO
    concurrency: int = DEFAULT_CONCURRENCY
    requests_per_second: float | None = None
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS

    @property
    def open_files(self) -> int:
        """How many files, that is connections, may be open at once."""
        return self.concurrency * _SOCKETS_A_DESTINATION


async def run_sweep(
    rows: Iterable[SweepRow | BadRow],
    settings: EngineSettings,
    plan: SweepPlan,
    *,
    on_result: Callable[[SweepResult], None],
) -> bool:
    """Hand over a result for every row, in order of completion; true when all are verified.

    Raises SettingInvalid for settings that cannot be used, and what `on_result` raises, which ends the sweep.
    """
    all_verified = True
    async with Engine(settings, windowed=True) as engine:
        work = Sweep(
            engine,
            proof=plan.proof,
            timeout_seconds=plan.timeout_seconds,
            concurrency=plan.concurrency,
            requests_per_second=plan.requests_per_second,
        )
        async for result in work.run(rows):
            all_verified = all_verified and result.report.verified
            on_result(result)
    return all_verified


def allow_open_files(wanted: int) -> None:
    """Raise this process's soft limit of open files as far as is needed and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
