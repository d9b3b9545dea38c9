"""A call's report drawn for a person: how it went, what was heard, and the verdict last."""

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from sipcheck.cli.drawing import TURNS, facts_table, section
from sipcheck.cli.ladder import ladder
from sipcheck.cli.page import columns, open_page
from sipcheck.cli.signs import STATE_STYLES, Signs
from sipcheck.reasons import CallVerdict, Party
from sipcheck.report.call_report import CallReport
from sipcheck.report.model import CheckState

_STATES: Mapping[CallVerdict, CheckState] = {
    CallVerdict.ANSWERED: CheckState.OK,
    CallVerdict.RANG: CheckState.OK,
    CallVerdict.REFUSED: CheckState.FAILED,
    CallVerdict.FAILED: CheckState.FAILED,
    CallVerdict.INCONCLUSIVE: CheckState.WARNING,
}


def draw_call(report: CallReport) -> None:
    """Draw a report on standard output."""
    with open_page() as (console, signs):
        _draw(console, report, signs)


def _draw(console: Console, report: CallReport, signs: Signs) -> None:
    section(console, "What was sent and received", ladder(report.trace, signs) if report.trace else None)
    section(console, "The call", facts_table(_call(report)))
    if report.timing.answered_ms is not None:
        section(console, "What was heard", facts_table(_media(report)))
    if report.sip.facts:
        section(console, "What the carrier says of it", facts_table(report.sip.facts))
    if len(report.attempts) > 1:
        section(console, "What was tried", facts_table(_attempts(report)))
    if report.warnings:
        table = columns("yellow")
        for warning in report.warnings:
            text = Text.assemble((warning.code, "yellow"), f": {warning.detail}")
            table.add_row(signs.marks[CheckState.WARNING], text)
        section(console, "Warnings", table)
    _verdict(console, report)


def _call(report: CallReport) -> dict[str, str]:
    timing = report.timing
    moments = {
        "first answer": timing.provisional_ms,
        "ringing": timing.ringing_ms,
        "answered": timing.answered_ms,
        "ended": timing.ended_ms,
    }
    return {
        "to": report.number,
        "from": report.caller or "",
        **{name: f"after {at / 1000:.2f} s" for name, at in moments.items() if at is not None},
    }


def _media(report: CallReport) -> dict[str, str]:
    media = report.media
    jitter = "" if media.jitter_ms is None else f", jitter {media.jitter_ms:.1f} ms"
    came = f"{media.received_packets} packets, {media.lost} missing{jitter}"
    return {
        "direction": media.direction,
        "codec": media.codec or "none",
        "sent": f"{media.sent_packets} packets to {media.remote or 'nowhere'}",
        "received": came if media.source is None else f"{came}, from {media.source}",
    }


def _attempts(report: CallReport) -> dict[str, str]:
    return {
        f"{each.called} ({each.format}{', ' if each.identity else ''}{each.identity})": each.detail or ""
        for each in report.attempts
    }


def _verdict(console: Console, report: CallReport) -> None:
    style = f"bold {STATE_STYLES[_STATES[report.outcome]]}"
    cause = "" if report.cause is None else f" ({report.cause})"
    seconds = f"{report.duration_ms / 1000:.1f} s"
    console.print(
        Text.assemble(
            (report.outcome.upper(), style), f"  {report.reason}{cause}", (f"  in {seconds}", "dim")
        )
    )
    console.print(Text(report.summary))
    if report.party is not Party.NOBODY:
        console.print(Text(TURNS[report.party], style="bold"))
    if report.advice:
        console.print(Text(report.advice))
