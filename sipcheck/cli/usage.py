"""Usage errors: one line on standard error, exit status 2, nothing on standard output."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

import typer

from sipcheck.errors import CallerError
from sipcheck.report.printable import printable

USAGE_STATUS = 2
INTERRUPTED_STATUS = 130  # what shells give a program that Ctrl-C ended
TERMINATED_STATUS = 143  # and one that was told to end
# Windows knows no SIGHUP.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Refused(typer.Exit):
    """The command ends with a usage error, which has been told on standard error."""

    def __init__(self, message: str) -> None:
        super().__init__(USAGE_STATUS)
        self.message = message


def refuse(message: str) -> NoReturn:
    """End with a usage error; the message names the value, the fault and the fix."""
    told = printable(message)
    tell(told)
    raise Refused(told)


def tell(text: str) -> None:
    """Say a line on standard error; where that cannot be written either, the exit status alone speaks."""
    try:
        typer.echo(f"sipcheck: {text}", err=True)
    except OSError:
        give_up(sys.stderr)


def give_up(stream: TextIO) -> None:
    """Let what is said on a standard stream from now on go nowhere; the flush at exit would complain once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def ending_the_command() -> Iterator[None]:
    """End the program where this block meets a mistake of the caller's, Ctrl-C, or another signal that ends programs.

    Each of these ends it in peace: what is up is hung up, and what is known is told.
    """
    with _as_interrupts() as signalled:
        try:
            yield
        except CallerError as error:
            refuse(str(error))
        except KeyboardInterrupt:
            raise typer.Exit(TERMINATED_STATUS if signalled else INTERRUPTED_STATUS) from None


@contextmanager
def _as_interrupts() -> Iterator[list[int]]:
    """Take what ends programs as Ctrl-C; gives the signals that came."""
    signalled: list[int] = []

    def interrupt(number: int, _: object) -> None:
        signalled.append(number)
        signal.raise_signal(signal.SIGINT)

    ours = threading.current_thread() is threading.main_thread()
    # Not where whoever started us has it ignored, as nohup does.
    taken = [each for each in _ENDING if ours and signal.getsignal(each) is signal.SIG_DFL]
    for each in taken:
        signal.signal(each, interrupt)
    try:
        yield signalled
    finally:
        for each in taken:
            signal.signal(each, signal.SIG_DFL)
