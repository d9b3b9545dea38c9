"""A trunk of several gateways: which report decides, and what is said of the others."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sipcheck.credentials import Credentials
from sipcheck.reasons import CredentialState, Outcome, Reason, WarningCode
from sipcheck.report.model import Report
from sipcheck.target import Target
from tests.trunks.forms import make_report
from trunks.errors import RunPostponed
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.several_gateways import SeveralReport, verify_gateways

CREDENTIALS = Credentials("alice", "secret")
PROVEN = make_report()
ALIVE = make_report(Outcome.REACHABLE, Reason.CREDENTIALS_MISSING, credentials=CredentialState.NOT_TESTED)
DEAD = make_report(Outcome.FAILED, Reason.NO_RESPONSE, credentials=CredentialState.NOT_TESTED)
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
FROZEN = make_report(Outcome.INCONCLUSIVE, Reason.CREDENTIALS_FROZEN, credentials=CredentialState.NOT_TESTED)


class Carrier:
    """Answers for its gateways: one report with credentials, one without; and counts who was given them."""

    def __init__(self, answers: Sequence[tuple[Report, Report]]) -> None:
        self.answers = answers
        self.proven_at: list[int] = []
        self.asked: list[tuple[int, float]] = []

    async def verify(self, job: GatewayCheck, timeout_seconds: float) -> Report:
        number = int(job.target.domain.removeprefix("g").removesuffix(".example"))
        self.asked.append((number, timeout_seconds))
        with_credentials, without = self.answers[number]
        if job.credentials is None:
            return without
        self.proven_at.append(number)
        return with_credentials

    def jobs(self, *, credentials: bool = True) -> list[GatewayCheck]:
        return [
            GatewayCheck(Target(f"g{number}.example", 5060), CREDENTIALS if credentials else None)
            for number in range(len(self.answers))
        ]


async def run(carrier: Carrier, *, credentials: bool = True) -> Report:
    return await verify_gateways(carrier.verify, carrier.jobs(credentials=credentials), 10.0)


async def test_one_gateway_has_the_whole_deadline() -> None:
    carrier = Carrier([(PROVEN, ALIVE)])
    assert await run(carrier) is PROVEN
    assert carrier.asked == [(0, 10.0)]


@pytest.mark.parametrize(
    ("answers", "reason", "proven_at", "down"),
    [
        ([(PROVEN, ALIVE), (PROVEN, ALIVE)], Reason.CREDENTIALS_PROVEN, [0], 0),
        ([(PROVEN, ALIVE), (DEAD, DEAD)], Reason.CREDENTIALS_PROVEN, [0], 1),
        ([(DEAD, DEAD), (PROVEN, ALIVE)], Reason.CREDENTIALS_PROVEN, [0, 1], 1),
        ([(DEAD, DEAD), (DEAD, DEAD), (PROVEN, ALIVE)], Reason.CREDENTIALS_PROVEN, [0, 2], 2),
        # A rejection stops there.
        ([(REJECTED, ALIVE), (PROVEN, ALIVE)], Reason.CREDENTIALS_REJECTED, [0], 0),
        ([(DEAD, DEAD), (REJECTED, ALIVE), (PROVEN, ALIVE)], Reason.CREDENTIALS_REJECTED, [0, 1], 1),
        ([(FROZEN, ALIVE), (PROVEN, ALIVE)], Reason.CREDENTIALS_FROZEN, [0], 0),
        # None lives: the first one's reason.
        ([(DEAD, DEAD), (replace(DEAD, reason=Reason.CONNECTION_REFUSED), DEAD)], Reason.NO_RESPONSE, [0], 0),
    ],
)
async def test_the_first_living_gateway_decides(
    answers: list[tuple[Report, Report]], reason: Reason, proven_at: list[int], down: int
) -> None:
    carrier = Carrier(answers)
    report = await run(carrier)
    assert (report.reason, carrier.proven_at) == (reason, proven_at)
    assert [warning.code for warning in report.warnings] == [WarningCode.EDGE_DOWN] * down
    assert isinstance(report, SeveralReport)
    assert len(report.gateways) == len(answers)
    # Two turns, the second only where it is needed.
    assert {timeout for _, timeout in carrier.asked} == {5.0}


async def test_without_credentials_nobody_is_asked_twice() -> None:
    carrier = Carrier([(PROVEN, DEAD), (PROVEN, ALIVE)])
    report = await run(carrier, credentials=False)
    assert (report.reason, sorted(carrier.asked)) == (ALIVE.reason, [(0, 5.0), (1, 5.0)])
    assert "g0.example:5060" in report.warnings[0].detail


async def test_one_that_is_not_admitted_postpones_all_and_leaves_nothing_running() -> None:
    ended = asyncio.Event()

    async def verify(job: GatewayCheck, timeout_seconds: float) -> Report:
        if job.credentials is None:
            raise RunPostponed(3.0)
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return PROVEN

    with pytest.raises(RunPostponed):
        await verify_gateways(verify, Carrier([(PROVEN, ALIVE)] * 2).jobs(), 10.0)
    assert ended.is_set()


async def test_the_living_gateway_whose_turn_it_is_proves() -> None:
    for turns, proves in (((1, 0), [1]), ((2, 1, 0), [2, 1]), ((0, 0), [0])):
        answers = [(PROVEN, ALIVE), (PROVEN, ALIVE), (DEAD, DEAD)][: len(turns)]
        carrier = Carrier(answers)
        jobs = [replace(job, turn=turn) for job, turn in zip(carrier.jobs(), turns, strict=True)]
        report = await verify_gateways(carrier.verify, jobs, 10.0)
        assert report.reason is Reason.CREDENTIALS_PROVEN
        assert carrier.proven_at == proves


async def test_where_none_lives_the_first_by_priority_tells_why_whoever_had_the_turn() -> None:
    refused = replace(DEAD, reason=Reason.CONNECTION_REFUSED)
    carrier = Carrier([(DEAD, DEAD), (refused, refused)])
    jobs = [replace(job, turn=1 - number) for number, job in enumerate(carrier.jobs())]
    report = await verify_gateways(carrier.verify, jobs, 10.0)
    assert report.reason is Reason.NO_RESPONSE
    assert carrier.proven_at == [1]
