"""Usage errors: one line on standard error, exit status 2, nothing on standard output."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from sipcheck.errors import CallerError
from sipcheck.report.printable import printable

USAGE_STATUS = 2
INTERRUPTED_STATUS = 130  # what shells give a program that Ctrl-C ended


class Refused(typer.Exit):
    """The command ends with a usage error, which has been told on standard error."""

    def __init__(self, message: str) -> None:
        super().__init__(USAGE_STATUS)
        self.message = message


def refuse(message: str) -> NoReturn:
    """End with a usage error; the message names the value, the fault and the fix."""
    told = printable(message)
    typer.echo(f"sipcheck: {told}", err=True)
    raise Refused(told)


@contextmanager
def ending_the_command() -> Iterator[None]:
    """End the program where this block meets a mistake of the caller's, or Ctrl-C."""
    try:
        yield
    except CallerError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED_STATUS) from None
