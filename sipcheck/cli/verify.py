"""`sipcheck verify`: one trunk, one report, one exit status."""

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sipcheck.cli.allowances import with_allowance
from sipcheck.cli.capture_file import open_capture, write_capture
from sipcheck.cli.drawing import draw_comparison, draw_report
from sipcheck.cli.option_groups import with_option_groups
from sipcheck.cli.options import (
    AsInfrastructure,
    CredentialOptions,
    EngineOptions,
    ProofOption,
    SourceAddress,
    TargetText,
    Timeout,
    WayOptions,
)
from sipcheck.cli.output import print_json, speaking
from sipcheck.cli.report_file import read_report_file
from sipcheck.cli.usage import USAGE_STATUS, ending_the_command, tell
from sipcheck.cli.values import check_caller, read_timeout
from sipcheck.credentials import Credentials
from sipcheck.diagnosis.evidence import Proof
from sipcheck.discovery.search import with_discovery
from sipcheck.engine import Engine
from sipcheck.errors import TargetInvalid
from sipcheck.reasons import Outcome, Reason
from sipcheck.report.comparison import Comparison, compare
from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import Report
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.target import Target
from sipcheck.verification.report_without_run import invalid_target_report

EXIT_STATUS = {
    Outcome.VERIFIED: 0,
    Outcome.FAILED: 1,
    Outcome.INCONCLUSIVE: 3,
    Outcome.REACHABLE: 4,
}


@with_option_groups
def verify(
    *,
    target: TargetText,
    way: WayOptions,
    credentials: CredentialOptions,
    checking: EngineOptions,
    proof: ProofOption = Proof.AUTO,
    caller: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="NUMBER", help="As whom --proof invite calls.", show_default="--username"
        ),
    ] = None,
    source_address: SourceAddress = None,
    infrastructure: AsInfrastructure = None,
    timeout: Timeout = f"{DEFAULT_TIMEOUT_SECONDS:g}",
    discover: Annotated[
        bool,
        typer.Option(
            "--discover",
            help="Where something stands in the way, look for another that works; this has the time once more.",
        ),
    ] = False,
    pcap: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the messages for Wireshark, secrets redacted, TLS in the clear."
        ),
    ] = None,
    compare_with: Annotated[
        Path | None,
        typer.Option("--compare", metavar="FILE", help="Set a report of another place beside this one."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Verify one trunk, and say what is wrong with it and whose turn it is.

    Exit status: 0 verified, 1 failed, 2 usage error or invalid target, 3 inconclusive, 4 reachable.
    """
    started_at = datetime.now(UTC)
    settings = checking.settings(source_address, infrastructure)
    timeout_seconds = read_timeout(timeout)
    way.check()
    proven = credentials.read_for(proof)
    check_caller(caller, proof)
    other = None if compare_with is None else read_report_file("--compare", compare_with)
    capture = open_capture(pcap)
    with ending_the_command():
        try:
            parsed = way.read(target)
        except TargetInvalid as error:
            report = invalid_target_report(
                target, error.sentence, started_at=started_at, username=credentials.username
            )
        else:
            report = asyncio.run(
                _verify(parsed, settings, proven, proof, timeout_seconds, caller=caller, discover=discover)
            )
    try:
        _print(report, None if other is None else compare(other, report), as_json=as_json)
    finally:
        # Behind the report: where the capture cannot be written, the verdict is known all the same.
        if pcap is not None and capture is not None:
            write_capture(capture, pcap, report)
    raise typer.Exit(USAGE_STATUS if report.reason is Reason.TARGET_INVALID else EXIT_STATUS[report.outcome])


def _print(report: Report, comparison: Comparison | None, *, as_json: bool) -> None:
    with speaking():
        if as_json:
            print_json(
                report_to_json(report) | ({} if comparison is None else {"comparison": asdict(comparison)})
            )
        else:
            draw_report(report)
            if comparison is not None:
                draw_comparison(comparison)


async def _verify(
    target: Target,
    settings: EngineSettings,
    credentials: Credentials | None,
    proof: Proof,
    timeout_seconds: float,
    *,
    caller: str | None,
    discover: bool,
) -> Report:
    async with Engine(settings) as engine:
        report = await engine.verify(
            target, credentials=credentials, proof=proof, caller=caller, timeout_seconds=timeout_seconds
        )
        if engine.calls_open:
            tell("a call has no end yet; waiting until it has")
        report = with_allowance(report, settings.guard)
        if not discover:
            return report
        return await with_discovery(report, target, engine, timeout_seconds=timeout_seconds)
