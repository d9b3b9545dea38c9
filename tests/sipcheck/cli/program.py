"""sipcheck as a person starts it: a process with its two outputs, a signal, a status."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.trunkd.warm_start import WarmProcess

SIPCHECK = str(Path(sys.executable).with_name("sipcheck"))
_FOLDER = Path(__file__).parents[3]
_WITHIN_SECONDS = 60.0


class Program(WarmProcess):
    """A running `sipcheck`; it is killed at the end if it is still there."""

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        out, program_out = os.pipe()
        err, program_err = os.pipe()
        self.stdout, self.stderr = os.fdopen(out, encoding="utf-8"), os.fdopen(err, encoding="utf-8")
        with open(program_out, "wb") as stdout, open(program_err, "wb") as stderr:
            super().__init__(
                list(arguments),
                program=SIPCHECK,
                cwd=_FOLDER,
                env={**os.environ, **(environment or {})},
                stdout=stdout,
                stderr=stderr,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.wait()
        self.stdout.close()
        self.stderr.close()

    def communicate(self) -> tuple[str, str]:
        """Wait for its end, and read what it wrote, which has to be less than a pipe holds."""
        self.wait(_WITHIN_SECONDS)
        return self.stdout.read(), self.stderr.read()
