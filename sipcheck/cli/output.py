"""Standard streams that may be closed, full, or a pipe that nobody reads."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sipcheck.cli.usage import give_up, refuse


def open_closed_streams() -> None:
    """Put the null device where the program was started with a standard stream closed (`>&-`).

    Python leaves None there, and the first socket would get the stream's number.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - open for good


@contextmanager
def speaking() -> Iterator[None]:
    """Write to standard output in this block; it is no fault when nobody reads any more (`| head`)."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        give_up(sys.stdout)
    except OSError as error:
        give_up(sys.stdout)
        refuse(f"standard output cannot be written: {error.strerror}; write to a place with room")


def print_json(value: object) -> None:
    """Print one JSON object over several lines, in ASCII."""
    json.dump(value, sys.stdout, indent=2)
    sys.stdout.write("\n")
