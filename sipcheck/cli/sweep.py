"""`sipcheck sweep`: many trunks in one loop."""

import json
import resource
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from sipcheck.cli.loop import run_fast
from sipcheck.cli.options import AllowNetworks, AllowPorts, CaFile, Nameservers, SourceAddress, TlsStrict
from sipcheck.cli.output import speaking
from sipcheck.cli.sweep_rows import FileUnusable, read_rows
from sipcheck.cli.sweep_table import SweepTable
from sipcheck.cli.usage import refuse
from sipcheck.cli.values import read_positive, read_settings, read_timeout
from sipcheck.cli.verify import INTERRUPTED_STATUS
from sipcheck.diagnosis.evidence import Proof
from sipcheck.engine import Engine
from sipcheck.errors import CallerError
from sipcheck.report.json_export import report_to_json
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS
from sipcheck.sweep.sweep import DEFAULT_CONCURRENCY, BadRow, Sweep, SweepResult, SweepRow

_MOST_AT_ONCE = 10_000
_SOCKETS_A_DESTINATION = 10  # eight edges, a name server's, and one to spare


def sweep(
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
    nameservers: Nameservers = None,
    ca_file: CaFile = None,
    tls_strict: TlsStrict = False,
    allow_networks: AllowNetworks = None,
    allow_ports: AllowPorts = None,
    proof: Annotated[
        Proof, typer.Option(help="How to prove the credentials; none sends OPTIONS alone.")
    ] = Proof.AUTO,
    source_address: SourceAddress = None,
    timeout: Annotated[
        str, typer.Option(metavar="SECONDS", help="The deadline of each row.")
    ] = f"{DEFAULT_TIMEOUT_SECONDS:g}",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a report a line, in order of completion.")
    ] = False,
) -> None:
    """Verify many trunks; rows with the same destination share one liveness probe.

    Columns: target, transport, port, username, auth_username, password, realm, outbound_proxy; all but the first
    optional. Exit status: 0 every row is verified, 1 some row is not, 2 the file or an option cannot be used.
    """
    settings = read_settings(
        nameservers=nameservers,
        ca_file=ca_file,
        tls_strict=tls_strict,
        allow_networks=allow_networks,
        allow_ports=allow_ports,
        source_address=source_address,
    )
    at_once = _read_concurrency(concurrency)
    per_second = _read_rate(rate)
    timeout_seconds = read_timeout(timeout)
    rows = _read_file(file)
    _allow_open_files(at_once * _SOCKETS_A_DESTINATION)

    table = None if as_json else SweepTable()
    all_verified = False

    async def run() -> bool:
        verified = True
        async with Engine(settings, windowed=True) as engine:
            work = Sweep(
                engine,
                proof=proof,
                timeout_seconds=timeout_seconds,
                concurrency=at_once,
                requests_per_second=per_second,
            )
            with _progress() as progress:
                task = progress.add_task("verifying", total=len(rows))
                async for result in work.run(rows):
                    verified = verified and result.report.verified
                    if table is None:
                        _print_line(result)
                    else:
                        table.add(result)
                    progress.advance(task)
        return verified

    try:
        with speaking():
            try:
                all_verified = run_fast(run())
            finally:
                if table is not None:
                    table.draw()  # interrupted, it shows what is known
    except CallerError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED_STATUS) from None
    raise typer.Exit(0 if all_verified else 1)


def _print_line(result: SweepResult) -> None:
    json.dump({"row": result.number, **report_to_json(result.report)}, sys.stdout, ensure_ascii=True)
    sys.stdout.write("\n")
    sys.stdout.flush()


def _progress() -> Progress:
    """A bar on standard error, where somebody is looking."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _read_file(file: str) -> list[SweepRow | BadRow]:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return read_rows(data.decode("utf-8"))
    except OSError as error:
        refuse(f"{file!r} cannot be read: {error.strerror}; give a readable file, or - for standard input")
    except UnicodeDecodeError as error:
        refuse(f"{file!r} is no text in UTF-8 (byte {error.start}); save it as CSV in UTF-8")
    except FileUnusable as error:
        refuse(f"{file!r} cannot be used: {error}")


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


def _allow_open_files(wanted: int) -> None:
    """Raise the soft limit of open files as far as is needed and allowed; each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
