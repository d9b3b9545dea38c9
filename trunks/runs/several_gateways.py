"""A trunk of several gateways: one report each, and what they come to together.

Source: docs/design/architecture.md, "State rules".
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace

from sipcheck.diagnosis.details import warn
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Reason, WarningCode
from sipcheck.report.model import Report
from sipcheck.target import HostPort
from trunks.rules.health import liveness_of
from trunks.runs.gateway_check import GatewayCheck

# With a deadline in seconds. Raises what the check's `admit` raises.
VerifyOne = Callable[[GatewayCheck, float], Awaitable[Report]]

# After these no other gateway is tried with the same credentials.
_STOPS = frozenset({Reason.CREDENTIALS_FROZEN, Reason.CANCELLED})


@dataclass(frozen=True, slots=True)
class SeveralReport(Report):
    """The report that decides, with those of all gateways by priority."""

    gateways: tuple[Report, ...] = ()


async def verify_gateways(
    verify: VerifyOne, checks: Sequence[GatewayCheck], timeout_seconds: float
) -> Report:
    """Verify a trunk within one deadline; `checks` are its gateways by priority.

    Of several, all are asked at once, the one whose turn it is with the credentials; where that one does not live, the
    next that does proves them. A rejection stops there. None living gives the first one's report.
    """
    if len(checks) == 1:
        return await verify(checks[0], timeout_seconds)
    # What may follow has to fit in.
    turn_seconds = timeout_seconds / 2
    order = sorted(range(len(checks)), key=lambda number: checks[number].turn)
    proves = order[0]
    asked = [
        check if number == proves else replace(check, credentials=None, before_credentials=None)
        for number, check in enumerate(checks)
    ]
    reports = await _all(verify(check, turn_seconds) for check in asked)
    living = _first_living(reports, order)
    if living is not None and living != proves and checks[living].credentials is not None:
        reports[living] = await verify(checks[living], turn_seconds)
    return _together(checks, reports, living or 0)


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


def _first_living(reports: Sequence[Report], order: Sequence[int]) -> int | None:
    if reports[order[0]].reason in _STOPS:
        return order[0]
    return next((number for number in order if liveness_of(reports[number])), None)


def _together(checks: Sequence[GatewayCheck], reports: Sequence[Report], decides: int) -> Report:
    report = reports[decides]
    dead = [
        warn(
            WarningCode.EDGE_DOWN,
            Sentence.of(
                "warning.edge-down.gateway",
                gateway=_named(check),
                other=_named(checks[decides]),
                reason=each.reason,
            ),
        )
        for check, each in zip(checks, reports, strict=True)
        if liveness_of(report) and liveness_of(each) is False
    ]
    values = {field.name: getattr(report, field.name) for field in fields(Report)}
    values["warnings"] = (*report.warnings, *dead)
    values["duration_ms"] = max(each.duration_ms for each in reports)
    return SeveralReport(**values, gateways=tuple(reports))


def _named(check: GatewayCheck) -> str:
    return str(HostPort(check.target.domain, check.target.port))
