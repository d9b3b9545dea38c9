"""A trunk of several gateways: one report each, and what they come to together (ARCHITECTURE.md, "State rules")."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace

from sipcheck.reasons import Reason, WarningCode
from sipcheck.report.model import Report, ReportWarning
from sipcheck.target import HostPort
from trunks.rules.health import liveness_of
from trunks.runs.gateway_check import GatewayCheck

# With a deadline in seconds. Raises what the job's `admit` raises.
VerifyOne = Callable[[GatewayCheck, float], Awaitable[Report]]

# After these no other gateway is tried with the same credentials.
_STOPS = frozenset({Reason.CREDENTIALS_FROZEN, Reason.CANCELLED})


@dataclass(frozen=True, slots=True)
class SeveralReport(Report):
    """The report that decides, with those of all gateways by priority."""

    gateways: tuple[Report, ...] = ()


async def verify_gateways(verify: VerifyOne, jobs: Sequence[GatewayCheck], timeout_seconds: float) -> Report:
    """Verify a trunk within one deadline; `jobs` are its gateways by priority.

    Of several, all are asked at once, the first with the credentials; where that one does not live, the first that
    does proves them. A rejection stops there. None living gives the first one's report.
    """
    if len(jobs) == 1:
        return await verify(jobs[0], timeout_seconds)
    # What may follow has to fit in.
    turn_seconds = timeout_seconds / 2
    first, *others = jobs
    asked = [first, *(replace(job, credentials=None, before_credentials=None) for job in others)]
    reports = await _all(verify(job, turn_seconds) for job in asked)
    decides = _first_living(reports)
    if decides and jobs[decides].credentials is not None:
        reports[decides] = await verify(jobs[decides], turn_seconds)
    return _together(jobs, reports, decides)


async def _all(runs: Iterable[Awaitable[Report]]) -> list[Report]:
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        # One that is not admitted postpones all; what it leaves running would send on.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _first_living(reports: Sequence[Report]) -> int:
    if reports[0].reason in _STOPS:
        return 0
    return next((number for number, report in enumerate(reports) if liveness_of(report)), 0)


def _together(jobs: Sequence[GatewayCheck], reports: Sequence[Report], decides: int) -> Report:
    report = reports[decides]
    dead = [
        ReportWarning(
            WarningCode.EDGE_DOWN,
            f"the gateway {_named(job)} does not answer while {_named(jobs[decides])} does: {each.reason}",
            None,
        )
        for job, each in zip(jobs, reports, strict=True)
        if liveness_of(report) and liveness_of(each) is False
    ]
    values = {field.name: getattr(report, field.name) for field in fields(Report)}
    values["warnings"] = (*report.warnings, *dead)
    values["duration_ms"] = max(each.duration_ms for each in reports)
    return SeveralReport(**values, gateways=tuple(reports))


def _named(job: GatewayCheck) -> str:
    return str(HostPort(job.target.domain, job.target.port))
