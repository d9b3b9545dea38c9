"""Standard output as a page to draw on: coloured on a terminal, plain text in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from rich.console import Console

from sipcheck.cli.signs import Signs, signs_for

_PIPED_COLUMNS = 120


@contextmanager
def open_page() -> Iterator[tuple[Console, Signs]]:
    """Give a console and the signs it can carry; what was drawn in a pipe is written when the block ends."""
    signs = signs_for(sys.stdout.encoding)
    if sys.stdout.isatty():
        yield Console(file=sys.stdout, highlight=False), signs
        return
    page = StringIO()
    yield Console(file=page, highlight=False, width=_PIPED_COLUMNS), signs
    # Tables are padded to their width, which only a terminal has use for.
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())
