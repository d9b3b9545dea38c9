"""`sipcheck grade`: how well a carrier's side of a trunk is built, as a letter with its reasons."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from sipcheck.cli.allowances import with_allowance
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
from sipcheck.cli.verify import EXIT_STATUS
from sipcheck.credentials import Credentials
from sipcheck.discovery.grade.deductions import Grade
from sipcheck.discovery.grade.deductions import grade as grade_facts
from sipcheck.discovery.grade.facts import facts_of
from sipcheck.discovery.search import discover
from sipcheck.engine import Engine
from sipcheck.errors import TargetInvalid
from sipcheck.reasons import Outcome
from sipcheck.report.model import Report
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target

_STYLES = {"A": "bold green", "B": "bold green", "C": "bold yellow", "D": "bold yellow"}


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

    With credentials its challenges are seen, too. Exit status: 0 graded A to E, 1 F, or the guard refuses the target, 2
    usage error or invalid target, 3 nothing is known of it, and so no grade given.
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
        elif given is None:
            _draw_ungraded(report)
        else:
            _draw(report, given)
    raise typer.Exit(_status(report, given))


def _status(report: Report, given: Grade | None) -> int:
    if given is None:
        return EXIT_STATUS[report.outcome]
    return EXIT_STATUS[Outcome.FAILED if given.letter == "F" else Outcome.VERIFIED]


async def _examine(
    target: Target, settings: EngineSettings, credentials: Credentials | None, timeout_seconds: float
) -> tuple[Report, Grade | None]:
    """Verify once, and then ask what was not asked by it; no grade where nothing is known of the carrier's side."""
    async with Engine(settings) as engine:
        report = await engine.verify(target, credentials=credentials, timeout_seconds=timeout_seconds)
        discovery = await discover(target, engine, timeout_seconds=timeout_seconds, after=report)
    facts = facts_of(report, discovery)
    # What nobody asked, or what may lie with us or pass, is no carrier's fault.
    asked = any(edge.outcome is not None for edge in report.edges)
    unknown = not asked or report.outcome is Outcome.INCONCLUSIVE
    given = None if unknown and not facts.alive else grade_facts(facts)
    return with_allowance(report, settings.guard), given


def _draw_ungraded(report: Report) -> None:
    with open_page() as (console, _):
        console.print(Text.assemble(("No grade", "bold yellow"), f"  {report.target.domain}"))
        console.print(Text(f"{report.summary} {report.advice}"))


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


def _exported(report: Report, given: Grade | None) -> dict[str, Any]:
    return {
        "target": asdict(report.target),
        "grade": None if given is None else given.letter,
        "points": None if given is None else given.points,
        "deductions": [] if given is None else [asdict(deduction) for deduction in given.deductions],
        "summary": report.summary,
        "advice": report.advice,
        "reason": report.reason,
        "outcome": report.outcome,
        "graded_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
