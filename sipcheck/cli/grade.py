"""`sipcheck grade`: how well a carrier's side of a trunk is built, as a letter with its reasons."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from sipcheck.cli.option_groups import with_option_groups
from sipcheck.cli.options import (
    CredentialOptions,
    EngineOptions,
    SourceAddress,
    TargetText,
    Timeout,
    WayOptions,
)
from sipcheck.cli.output import print_json, speaking
from sipcheck.cli.page import columns, open_page
from sipcheck.cli.usage import ending_the_command, refuse
from sipcheck.cli.values import read_timeout
from sipcheck.credentials import Credentials
from sipcheck.discovery.grade.deductions import Grade
from sipcheck.discovery.grade.deductions import grade as grade_facts
from sipcheck.discovery.grade.facts import facts_of
from sipcheck.discovery.search import discover
from sipcheck.engine import Engine
from sipcheck.errors import TargetInvalid
from sipcheck.report.model import Report
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target

_STYLES = {"A": "bold green", "B": "bold green", "C": "bold yellow", "D": "bold yellow"}
_GRADED_STATUS, _NOT_GRADED_STATUS = 0, 1


@with_option_groups
def grade(
    *,
    target: TargetText,
    way: WayOptions,
    credentials: CredentialOptions,
    checking: EngineOptions,
    source_address: SourceAddress = None,
    timeout: Timeout = f"{DEFAULT_TIMEOUT_SECONDS:g}",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Grade a carrier's side from A to F: servers, transports, TLS, digests, addresses, and what breaks next.

    With credentials its challenges are seen, too. Exit status: 0 graded A to E, 1 F, 2 usage error or invalid target.
    """
    settings = checking.settings(source_address)
    timeout_seconds = read_timeout(timeout)
    way.check()
    proven = credentials.read()
    with ending_the_command():
        try:
            parsed = way.read(target)
        except TargetInvalid as error:
            refuse(str(error))
        report, given = asyncio.run(_examine(parsed, settings, proven, timeout_seconds))
    with speaking():
        if as_json:
            print_json(_exported(report, given))
        else:
            _draw(report, given)
    raise typer.Exit(_NOT_GRADED_STATUS if given.letter == "F" else _GRADED_STATUS)


async def _examine(
    target: Target, settings: EngineSettings, credentials: Credentials | None, timeout_seconds: float
) -> tuple[Report, Grade]:
    """Verify once, and then ask what was not asked by it."""
    async with Engine(settings) as engine:
        report = await engine.verify(target, credentials=credentials, timeout_seconds=timeout_seconds)
        discovery = await discover(target, engine, timeout_seconds=timeout_seconds, after=report)
    return report, grade_facts(facts_of(report, discovery))


def _draw(report: Report, given: Grade) -> None:
    with open_page() as (console, _):
        console.print(
            Text.assemble(
                (f"{given.letter}", _STYLES.get(given.letter, "bold red")),
                f"  {given.points} of 100  {report.target.domain}",
            )
        )
        table = columns("dim", "dim")
        for deduction in given.deductions:
            table.add_row(
                f"-{deduction.points}", deduction.code, Text(f"{deduction.said} ({deduction.source})")
            )
        console.print(table)
        for deduction in given.deductions:
            if deduction.next_to_break:
                console.print(Text(f"What breaks next: {deduction.said}", style="yellow"))


def _exported(report: Report, given: Grade) -> dict[str, Any]:
    return {
        "target": asdict(report.target),
        "grade": given.letter,
        "points": given.points,
        "deductions": [asdict(deduction) for deduction in given.deductions],
        "reason": report.reason,
        "outcome": report.outcome,
        "graded_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
