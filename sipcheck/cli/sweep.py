"""`sipcheck sweep`: many trunks in one loop."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer

from sipcheck.cli.allowances import with_allowance
from sipcheck.cli.loop import run_fast
from sipcheck.cli.option_groups import with_option_groups
from sipcheck.cli.options import EngineOptions, ProofOption, SourceAddress
from sipcheck.cli.output import speaking
from sipcheck.cli.progress import progress_bar
from sipcheck.cli.sweep_formats import SHEETS, SweepFormat
from sipcheck.cli.sweep_rows import read_rows
from sipcheck.cli.usage import ending_the_command, refuse, tell
from sipcheck.cli.values import read_positive, read_timeout
from sipcheck.diagnosis.evidence import Proof
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS, EngineSettings
from sipcheck.sweep.row_file import FileUnusable
from sipcheck.sweep.run import SweepPlan, allow_open_files, run_sweep
from sipcheck.sweep.sweep import DEFAULT_CONCURRENCY, BadRow, SweepResult, SweepRow

_MOST_AT_ONCE = 10_000

_Rows = list[SweepRow | BadRow]


@with_option_groups
def sweep(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV with a header, or JSON lines; - for standard input.")
    ],
    concurrency: Annotated[
        str, typer.Option(metavar="N", help="Destinations at once.")
    ] = f"{DEFAULT_CONCURRENCY}",
    rate: Annotated[
        str | None,
        typer.Option(metavar="N", help="Probes a second over all rows.", show_default="unlimited"),
    ] = None,
    checking: EngineOptions,
    proof: ProofOption = Proof.AUTO,
    source_address: SourceAddress = None,
    timeout: Annotated[
        str, typer.Option(metavar="SECONDS", help="The deadline of each row.")
    ] = f"{DEFAULT_TIMEOUT_SECONDS:g}",
    form: Annotated[
        SweepFormat | None,
        typer.Option(
            "--format",
            help="How to print: jsonl and csv in order of completion, table and junit at the end.",
            show_default="table",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
) -> None:
    """Verify many trunks; rows with the same destination share one liveness probe.

    Columns: target, transport, port, username, auth_username, password, realm, outbound_proxy; all but the first
    optional. Exit status: 0 every row is verified, 1 some row is not, 2 the file or an option cannot be used.
    """
    make_sheet = SHEETS[_read_format(form, as_json=as_json)]
    settings = checking.settings(source_address)
    plan = SweepPlan(
        proof=proof,
        concurrency=_read_concurrency(concurrency),
        requests_per_second=_read_rate(rate),
        timeout_seconds=read_timeout(timeout),
    )
    try:
        rows = read_rows(file)
    except FileUnusable as error:
        refuse(str(error))
    plan = _within_open_files(plan)
    all_verified = False  # what nobody reads to its end has not been
    with ending_the_command(), speaking():
        sheet = make_sheet()
        missing = {row.number: row for row in rows}

        def take(result: SweepResult) -> None:
            del missing[result.number]
            sheet.add(result)

        try:
            all_verified = _run(rows, settings, plan, take)
        finally:
            # Interrupted, it shows what is known, and what is not.
            sheet.finish(list(missing.values()))
    raise typer.Exit(0 if all_verified else 1)


def _within_open_files(plan: SweepPlan) -> SweepPlan:
    allowed = allow_open_files(plan.open_files)
    within = plan.within(allowed)
    if within != plan:
        tell(
            f"{within.concurrency} destinations at once instead of {plan.concurrency}: this system allows {allowed} "
            "open files; `ulimit -n` raises that"
        )
    return within


def _run(rows: _Rows, settings: EngineSettings, plan: SweepPlan, take: Callable[[SweepResult], None]) -> bool:
    with progress_bar("verifying", len(rows)) as advance:

        def on_result(result: SweepResult) -> None:
            take(replace(result, report=with_allowance(result.report, settings.guard)))
            advance()

        return run_fast(run_sweep(rows, settings, plan, on_result=on_result))


def _read_format(form: SweepFormat | None, *, as_json: bool) -> SweepFormat:
    if as_json and form not in (None, SweepFormat.JSONL):
        refuse(f"--json and --format {form} contradict one another; give one of them")
    return SweepFormat.JSONL if as_json else form or SweepFormat.TABLE


def _read_concurrency(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= _MOST_AT_ONCE):
        refuse(f"--concurrency {text!r} is not usable; give a number from 1 to {_MOST_AT_ONCE}")
    return int(text)


def _read_rate(text: str | None) -> float | None:
    if text is None:
        return None
    per_second = read_positive(text)
    if per_second is None:
        refuse(f"--rate {text!r} is not usable; give probes a second, such as 50 or 0.5")
    return per_second
