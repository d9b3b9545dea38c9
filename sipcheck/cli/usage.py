"""Usage errors: one line on standard error, exit status 2, nothing on standard output."""

from typing import NoReturn

import typer

from sipcheck.printable import printable

USAGE_STATUS = 2


def refuse(message: str) -> NoReturn:
    """End with a usage error; the message names the value, the fault and the fix."""
    typer.echo(f"sipcheck: {printable(message)}", err=True)
    raise typer.Exit(USAGE_STATUS)
