"""The report drawn for a person: how it went first, the verdict last, where a terminal leaves the eye."""

from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sipcheck.cli.ladder import ladder
from sipcheck.cli.page import columns, open_page
from sipcheck.cli.signs import OUTCOME_STATES, STATE_STYLES, Signs
from sipcheck.reasons import Party
from sipcheck.report.comparison import Comparison
from sipcheck.report.model import Certificate, CheckState, Report
from sipcheck.target import edge_name

TURNS = {
    Party.CARRIER: "The carrier has to act.",
    Party.NETWORK: "The network between us and the carrier has to be looked at.",
    Party.CONFIGURATION: "The trunk's settings have to be corrected.",
    Party.OURS: "It is our turn, not the customer's.",
    Party.NOBODY: "Nobody has to act.",
}


def draw_report(report: Report) -> None:
    """Draw a report on standard output."""
    with open_page() as (console, signs):
        _draw(console, report, signs)


def draw_comparison(comparison: Comparison) -> None:
    """Draw what another place saw, below the report of this one."""
    with open_page() as (console, _):
        console.print()
        console.print(Text("Compared with the other report", style="bold"))
        table = columns("dim", "", "")
        for each in comparison.differences:
            table.add_row(each.name, f"there {each.there}", f"here {each.here}", "")
        console.print(table)
        console.print(Text(comparison.said, style="bold"))


def _draw(console: Console, report: Report, signs: Signs) -> None:
    section(console, "What was sent and received", ladder(report.trace, signs) if report.trace else None)
    section(console, "Checks", _checks(report, signs))
    for edge in report.edges:
        if edge.certificate is not None:
            section(console, f"Certificate of {edge.address}:{edge.port}", _certificate(edge.certificate))
    for edge in report.edges:
        if edge.facts:
            name = edge_name(edge.address, edge.port, edge.transport)
            section(console, f"What {name} says of it", facts_table(edge.facts))
    section(console, "Warnings", _warnings(report, signs) if report.warnings else None)
    _verdict(console, report)


def section(console: Console, title: str, body: Table | None) -> None:
    if body is None:
        return
    console.print(Text(title, style="bold underline" if console.is_terminal else ""))
    console.print(Padding(body, (0, 0, 1, 2)))


def _checks(report: Report, signs: Signs) -> Table:
    table = columns("", "", "")
    for check in report.checks:
        took = "" if check.ms is None else f"{check.ms:.0f} ms"
        style = STATE_STYLES[check.state]
        detail = Text(check.code or "", style=style)
        if check.detail:
            detail.append(": " if check.code else "", style=style)
            detail.append(check.detail, style="dim" if check.state is CheckState.SKIPPED else "")
        table.add_row(
            Text(signs.marks[check.state], style=style), check.name.value, Text(took, style="dim"), detail
        )
    return table


def _certificate(certificate: Certificate) -> Table:
    return facts_table(
        {
            "subject": certificate.subject,
            "names": ", ".join(certificate.names) or "none",
            "issuer": certificate.issuer,
            "valid until": f"{certificate.not_after:%Y-%m-%d} ({certificate.days_left} days)",
            "session": " ".join(part for part in (certificate.tls_version, certificate.cipher) if part),
            "verified": "yes" if certificate.verified else f"no: {certificate.error}",
        }
    )


def facts_table(facts: Mapping[str, str]) -> Table:
    table = columns("dim")
    for name, value in facts.items():
        table.add_row(Text(name), Text(value))
    return table


def _warnings(report: Report, signs: Signs) -> Table:
    table = columns("yellow")
    for warning in report.warnings:
        where = f" [{warning.edge}]" if warning.edge else ""
        table.add_row(
            signs.marks[CheckState.WARNING],
            Text.assemble((warning.code, "yellow"), f": {warning.detail}", (where, "dim")),
        )
    return table


def _verdict(console: Console, report: Report) -> None:
    style = f"bold {STATE_STYLES[OUTCOME_STATES[report.outcome]]}"
    seconds = f"{report.duration_ms / 1000:.1f} s"
    cause = "" if report.cause is None else f" ({report.cause})"
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
    if report.retry_at is not None:
        console.print(Text(f"Try again after {report.retry_at:%Y-%m-%d %H:%M:%S} UTC."))
