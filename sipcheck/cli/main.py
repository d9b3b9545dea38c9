"""The `sipcheck` command."""

from importlib.metadata import version
from typing import Annotated

import typer

from sipcheck.cli.call import call
from sipcheck.cli.carrier import carrier
from sipcheck.cli.discover import discover
from sipcheck.cli.grade import grade
from sipcheck.cli.monitoring.exporter_command import exporter
from sipcheck.cli.monitoring.nagios import PluginCommand, nagios
from sipcheck.cli.output import open_closed_streams
from sipcheck.cli.resolve import resolve
from sipcheck.cli.sweep import sweep
from sipcheck.cli.verify import verify

app = typer.Typer(
    name="sipcheck",
    help="Verify SIP trunks end to end, and name the cause when one does not work.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (verify, call, resolve, discover, sweep, carrier, grade, exporter):
    app.command()(command)
app.command(cls=PluginCommand)(nagios)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sipcheck {version('sipcheck')}")
        raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    """Verify SIP trunks end to end, and name the cause when one does not work."""


def main() -> None:
    """Run the command line."""
    open_closed_streams()
    app()


if __name__ == "__main__":
    main()
