"""Programs of others: whether they are here, and which version."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """A program, by what it is called and where it is, with the arguments that make it tell its version."""

    name: str
    path: str
    version_arguments: Sequence[str]
    version_pattern: str

    @property
    def installed(self) -> bool:
        return shutil.which(self.path) is not None

    def version(self) -> str | None:
        """Ask for its version; None when it is not installed or words it differently."""
        if not self.installed:
            return None
        told = subprocess.run(
            [self.path, *self.version_arguments], capture_output=True, text=True, check=False
        )
        found = re.search(self.version_pattern, told.stdout + told.stderr)
        return found[1] if found else None
