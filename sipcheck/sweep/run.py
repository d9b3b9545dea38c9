"""A sweep from its rows to its last report, with an engine of its own."""

import resource
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sipcheck.diagnosis.evidence import Proof
from sipcheck.engine import Engine
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.sweep.sweep import DEFAULT_CONCURRENCY, BadRow, Sweep, SweepResult, SweepRow

_SOCKETS_A_DESTINATION = 10  # eight edges, a name server's, and one to spare
_OWN_FILES = 24  # standard streams, the loop's, certificates while they are read


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
        """How many files may be open at once: connections, and our own."""
        return self.concurrency * _SOCKETS_A_DESTINATION + _OWN_FILES

    def within(self, open_files: int) -> "SweepPlan":
        """The same with as many destinations at once as so many files allow, one at least."""
        most = (open_files - _OWN_FILES) // _SOCKETS_A_DESTINATION
        return replace(self, concurrency=max(1, min(self.concurrency, most)))


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


def allow_open_files(wanted: int) -> int:
    """Raise this process's soft limit of open files as far as is needed and allowed; gives how many may be open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, soft)
