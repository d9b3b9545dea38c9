"""Where what has to outlive a run is kept: `--state-dir`, or the usual places."""

import os
from pathlib import Path
from typing import Annotated

import typer

_VARIABLE = "SIPCHECK_STATE_DIR"
_OF_SYSTEMD = "STATE_DIRECTORY"

StateFolder = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        metavar="DIR",
        help="Remember here, by a keyed hash, which passwords were refused.",
        show_default=f"{_VARIABLE}, or ~/.local/state/sipcheck",
    ),
]


def state_folder(given: Path | None) -> Path:
    """The folder that is given, or set, or the user's own (XDG Base Directory Specification)."""
    if given is not None:
        return given
    for variable in (_VARIABLE, _OF_SYSTEMD):
        if text := os.environ.get(variable):
            return Path(text)
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "sipcheck"
