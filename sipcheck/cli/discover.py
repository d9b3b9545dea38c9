"""`sipcheck discover`: which ways to a carrier answer, as a table."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sipcheck.cli.allowances import advise_allowance
from sipcheck.cli.option_groups import with_option_groups
from sipcheck.cli.options import EngineOptions, SourceAddress, TargetText
from sipcheck.cli.output import print_json, speaking
from sipcheck.cli.page import columns, open_page
from sipcheck.cli.signs import STATE_STYLES, Signs
from sipcheck.cli.usage import USAGE_STATUS, ending_the_command
from sipcheck.cli.values import check_outbound_proxy, read_port, read_ports, read_timeout
from sipcheck.cli.verify import EXIT_STATUS
from sipcheck.diagnosis.details import worded
from sipcheck.discovery.advice import name_ways
from sipcheck.discovery.findings import Discovery, Finding
from sipcheck.discovery.search import discover as search
from sipcheck.engine import Engine
from sipcheck.errors import TargetInvalid
from sipcheck.failure import Failure
from sipcheck.guard import Guard
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Outcome, Reason
from sipcheck.report.json_export import to_json
from sipcheck.report.model import CheckState
from sipcheck.report.rulings import ruling
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target, TransportName, parse_target
from sipcheck.verification.report_without_run import invalid_target_report


@with_option_groups
def discover(
    *,
    target: TargetText,
    transport: Annotated[
        TransportName | None, typer.Option(help="What the trunk is set to; it marks a row.")
    ] = None,
    port: Annotated[
        str | None, typer.Option(metavar="N", help="What the trunk is set to; it marks a row.")
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(metavar="PORT", help="Repeatable; try this port too, by every transport."),
    ] = None,
    outbound_proxy: Annotated[
        str | None,
        typer.Option(metavar="HOST[:PORT]", help="Search at this host; requests name TARGET's domain."),
    ] = None,
    checking: EngineOptions,
    source_address: SourceAddress = None,
    timeout: Annotated[
        str, typer.Option(metavar="SECONDS", help="The one deadline for the whole search.")
    ] = f"{DEFAULT_TIMEOUT_SECONDS:g}",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find which ways to a carrier answer: one OPTIONS each by udp, tcp and tls, and no credentials.

    Tried are the servers that SRV records name, and ports 5060 and 5061 of the domain's addresses.
    Exit status: 0 something answers, 1 nothing does or the guard refuses the target, 2 usage error or invalid
    target, 3 DNS could not answer.
    """
    settings = checking.settings(source_address)
    timeout_seconds = read_timeout(timeout)
    wanted_port = read_port(port)
    ports = read_ports(also or (), "--also")
    check_outbound_proxy(outbound_proxy)
    with ending_the_command():
        try:
            parsed = parse_target(
                target, transport=transport, port=wanted_port, outbound_proxy=outbound_proxy
            )
        except TargetInvalid as error:
            discovery = _of_invalid_target(target, error.sentence)
        else:
            discovery = asyncio.run(_search(parsed, settings, ports, timeout_seconds))
    with speaking():
        if as_json:
            print_json(_exported(discovery, settings.guard))
        else:
            with open_page() as (console, signs):
                _draw(console, discovery, signs, settings.guard)
    raise typer.Exit(_status(discovery))


async def _search(
    target: Target, settings: EngineSettings, also: list[int], timeout_seconds: float
) -> Discovery:
    async with Engine(settings) as engine:
        return await search(target, engine, also=also, timeout_seconds=timeout_seconds)


def _of_invalid_target(text: str, fault: Sentence) -> Discovery:
    report = invalid_target_report(text, fault, started_at=datetime.now(UTC))
    return Discovery(report.target, (), Failure(report.reason, fault), (), 0.0)


def _status(discovery: Discovery) -> int:
    if discovery.failure is None:
        return EXIT_STATUS[Outcome.VERIFIED if discovery.answering else Outcome.FAILED]
    if discovery.failure.reason is Reason.TARGET_INVALID:
        return USAGE_STATUS
    return EXIT_STATUS[ruling(discovery.failure.reason).outcome]


def _draw(console: Console, discovery: Discovery, signs: Signs, guard: Guard) -> None:
    if discovery.findings:
        console.print(_table(discovery, signs))
    for note in discovery.notes:
        console.print(Text(f"{signs.marks[CheckState.WARNING]} {note}", style="yellow"))
    failure = discovery.failure
    if failure is not None:
        mark = signs.marks[CheckState.FAILED]
        console.print(Text(f"{mark} {failure.reason}: {failure.detail}", style="red"))
        advice = _advice(discovery, guard)
        if advice:
            console.print(Text(advice))
        return
    answering = discovery.working or discovery.answering
    if not answering:
        console.print(Text("Nothing answers.", style="bold red"))
        return
    at_home = {each.report.address for each in discovery.findings if each.report.priority is None}
    console.print(Text(f"What answers: {worded([name_ways(answering, at_home)])}.", style="bold green"))


def _table(discovery: Discovery, signs: Signs) -> Table:
    table = columns("", "", "", "", "")
    for finding in discovery.findings:
        report = finding.report
        state = _state(finding)
        style = STATE_STYLES[state]
        table.add_row(
            Text(signs.marks[state], style=style),
            Text(finding.edge),
            Text(finding.via, style="dim"),
            Text("as set" if finding.configured else "", style="bold"),
            Text("" if report.rtt_ms is None else f"{report.rtt_ms:.0f} ms", style="dim"),
            _said(finding, style),
        )
    return table


def _state(finding: Finding) -> CheckState:
    if finding.alive:
        return CheckState.OK
    if finding.answers:
        return CheckState.WARNING
    return CheckState.SKIPPED if finding.report.outcome is None else CheckState.FAILED


def _said(finding: Finding, style: str) -> Text:
    report = finding.report
    if report.outcome is None:
        return Text("not tried", style=style)
    if not finding.answers:
        return Text(f"{report.reason}{f': {finding.detail}' if finding.detail else ''}", style=style)
    server = f"  {report.server}" if report.server else ""
    reason = "" if finding.alive else f"  {report.reason}"
    return Text.assemble(
        (f"{report.sip_status} {report.sip_reason or ''}".rstrip(), style), reason, (server, "dim")
    )


def _advice(discovery: Discovery, guard: Guard) -> str:
    """Say which options let through what the guard refused; empty where it refused nothing."""
    if discovery.failure is None:
        return ""
    endpoints = [(each.report.address, each.report.port) for each in discovery.findings]
    return advise_allowance(discovery.failure.reason, endpoints, guard)


def _exported(discovery: Discovery, guard: Guard) -> dict[str, Any]:
    failure = discovery.failure
    return {
        "target": asdict(discovery.target),
        "failure": None
        if failure is None
        else {"reason": failure.reason, "detail": failure.detail, "advice": _advice(discovery, guard)},
        "candidates": [
            {
                "edge": finding.edge,
                "via": finding.via,
                "configured": finding.configured,
                "answers": finding.answers,
                "detail": finding.detail,
                **to_json(finding.report),
            }
            for finding in discovery.findings
        ],
        "answering": [finding.edge for finding in discovery.answering],
        "working": [finding.edge for finding in discovery.working],
        "notes": list(discovery.notes),
        "duration_ms": discovery.duration_ms,
        "knocks": discovery.knocks,
    }
