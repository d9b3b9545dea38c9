"""Standard output as a page to draw on: coloured on a terminal, plain text in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper

from rich.console import Console
from rich.table import Table

from sipcheck.cli.signs import Signs, signs_for

_PIPED_COLUMNS = 120


@contextmanager
def open_page() -> Iterator[tuple[Console, Signs]]:
    """Give a console and the signs it can carry; what was drawn in a pipe is written when the block ends.

    A peer's words that the output's encoding cannot carry are shown as question marks.
    """
    encoding = sys.stdout.encoding or "ascii"
    signs = signs_for(encoding)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if sys.stdout.isatty():
        yield Console(file=sys.stdout, highlight=False), signs
        return
    # Of the output's encoding, by which rich decides whether it may draw with more than ASCII.
    page = TextIOWrapper(BytesIO(), encoding=encoding, errors="replace", newline="")
    yield Console(file=page, highlight=False, width=_PIPED_COLUMNS), signs
    page.seek(0)
    # Tables are padded to their width, which only a terminal has use for.
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in page.read().split("\n")[:-1])


def columns(*styles: str) -> Table:
    """Make a table without lines: a column that never wraps for each of these styles, and one that folds."""
    table = Table.grid(padding=(0, 1))
    for style in styles:
        table.add_column(style=style, no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    return table
