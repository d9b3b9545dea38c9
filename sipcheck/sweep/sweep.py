"""Many targets in one loop: so many destinations at once, the rows of each one after the other, sharing its liveness.

Rows with equal targets are one destination (docs/design/architecture.md, "Good manners"): its edges get one OPTIONS, as
the first account of its rows, and the credentials of each row are proven one after the other.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sipcheck.credentials import BeforeCredentials, Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.engine import Engine
from sipcheck.errors import CallerError
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Reason
from sipcheck.report.model import Direction, Report
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS
from sipcheck.sweep.pace import Pace
from sipcheck.sweep.refused_passwords import RefusedPasswords
from sipcheck.target import Target
from sipcheck.verification.report_builder import target_facts
from sipcheck.verification.report_without_run import invalid_target_report, report_without_run
from sipcheck.verification.verification import Survey

DEFAULT_CONCURRENCY = 200


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One trunk to verify; `number` counts data rows from 1."""

    number: int
    target: Target
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be used: `text` is its target as written, `fault` says what is wrong and how to fix it."""

    number: int
    text: str
    fault: Sentence
    username: str | None = None


@dataclass(frozen=True, slots=True)
class SweepResult:
    number: int
    report: Report


class Sweep:
    """Verifies rows with an engine that may be `windowed`; `timeout_seconds` is each verification's own deadline.

    `requests_per_second` paces the requests of all rows together; None does not.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        proof: Proof = Proof.AUTO,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        concurrency: int = DEFAULT_CONCURRENCY,
        requests_per_second: float | None = None,
    ) -> None:
        self._engine = engine
        self._proof = proof
        self._timeout_seconds = timeout_seconds
        self._concurrency = concurrency
        self._pace = Pace(requests_per_second)
        self._fault: Exception | None = None

    async def run(self, rows: Iterable[SweepRow | BadRow]) -> AsyncGenerator[SweepResult, None]:
        """Yield a report for every row, in order of completion; a bad row gets `target-invalid`.

        What our own side raises in the middle of a row cuts that row short (`cancelled`) and no other; the first of it
        is raised when all have their reports. Raises SettingInvalid for a timeout that is not positive.
        """
        destinations: dict[Target, list[SweepRow]] = {}
        for row in rows:
            if isinstance(row, BadRow):
                yield row_without_run(row)
            else:
                destinations.setdefault(row.target, []).append(row)
        waiting = iter(destinations.values())
        refused = RefusedPasswords(
            (row.target, row.credentials)
            for destination in destinations.values()
            for row in destination
            if row.credentials is not None
        )
        done = _Done(self._concurrency)

        async def work() -> None:
            for destination in waiting:
                await self._probe(destination, refused, done)

        async def work_all() -> None:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self._concurrency, len(destinations))):
                    workers.create_task(work())

        working = asyncio.create_task(work_all())
        working.add_done_callback(done.end)
        try:
            while (result := await done.take()) is not None:
                yield result
            await working
            if self._fault is not None:
                raise self._fault
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _probe(self, destination: Sequence[SweepRow], refused: RefusedPasswords, done: "_Done") -> None:
        survey: Survey | None = None
        with self._containing():
            survey = await self._survey(destination)
        for row in destination:
            report: Report | None = None
            with self._containing():
                report = await self._verify_once(row, survey, refused)
            await done.put(row_without_run(row) if report is None else SweepResult(row.number, report))
            survey = None if survey is None else replace(survey, reported=True)

    @contextmanager
    def _containing(self) -> Iterator[None]:
        """Keep what nobody foresaw from the other rows; a mistake of the caller's is everybody's."""
        try:
            yield
        except CallerError:
            raise
        except Exception as error:  # noqa: BLE001 - a row's border: raised when all have their reports
            self._fault = self._fault or error

    async def _survey(self, destination: Sequence[SweepRow]) -> Survey | None:
        """Ask for liveness once where several rows share it; a row alone asks for itself."""
        if len(destination) == 1:
            return None
        await self._pace.turn()
        # A peer counts whom it does not know: any account of these is better than none.
        users = (row.credentials.username for row in destination if row.credentials is not None)
        survey = await self._engine.survey(
            destination[0].target, username=next(users, None), timeout_seconds=self._timeout_seconds
        )
        self._pace.debit(survey.requests - 1)
        return survey

    async def _verify_once(self, row: SweepRow, survey: Survey | None, refused: RefusedPasswords) -> Report:
        """Verify a row; a password that another row has seen refused is not sent again."""
        known = refused.of(row.target, row.credentials)
        if known is None:
            return await self._verify(row, survey)
        async with known as before_credentials:
            report = await self._verify(row, survey, before_credentials)
            known.settle(report)
            return report

    async def _verify(
        self, row: SweepRow, survey: Survey | None, before_credentials: BeforeCredentials | None = None
    ) -> Report:
        proof = self._proof if row.credentials is not None or self._proof is Proof.NONE else Proof.AUTO
        asks = survey is None or (row.credentials is not None and proof is not Proof.NONE)
        if asks:
            await self._pace.turn()
        report = await self._engine.verify(
            row.target,
            credentials=row.credentials,
            proof=proof,
            timeout_seconds=self._timeout_seconds,
            survey=survey,
            before_credentials=before_credentials,
        )
        own = (step for step in report.trace if step.at_ms >= 0)  # what was shared is debited by its survey
        self._pace.debit(sum(step.direction is Direction.SENT for step in own) - asks)
        return report


class _Done:
    """Results on their way to the reader: a slow one holds the workers back instead of filling the memory."""

    def __init__(self, room: int) -> None:
        self._room = asyncio.Semaphore(room)
        self._results: asyncio.Queue[SweepResult | None] = asyncio.Queue()

    async def put(self, result: SweepResult) -> None:
        await self._room.acquire()
        self._results.put_nowait(result)

    def end(self, _: object) -> None:
        self._results.put_nowait(None)

    async def take(self) -> SweepResult | None:
        result = await self._results.get()
        self._room.release()
        return result


def row_without_run(row: SweepRow | BadRow) -> SweepResult:
    """Report a row that was not gone through to its end, or cannot be."""
    started_at = datetime.now(UTC)
    if isinstance(row, BadRow):
        report = invalid_target_report(row.text, row.fault, started_at=started_at, username=row.username)
    else:
        facts = target_facts(row.target, None if row.credentials is None else row.credentials.username)
        report = report_without_run(Reason.CANCELLED, facts, started_at=started_at)
    return SweepResult(row.number, report)
