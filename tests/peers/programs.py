"""Finds the programs of the real peers."""

import shutil
from pathlib import Path

# Debian keeps servers in sbin and PostgreSQL's in a versioned folder; neither is on an ordinary user's PATH.
_SERVER_FOLDERS = (Path("/usr/sbin"), Path("/usr/local/sbin"), Path("/sbin"))
_POSTGRESQL = Path("/usr/lib/postgresql")


class PeerMissing(Exception):
    """A program the tests need is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not installed, and the tests talk to the real one: "
            "run `make test`, which installs it, or tests/install-peers.sh"
        )


def find_program(name: str) -> Path:
    """Find a program by name. Raises PeerMissing."""
    found = shutil.which(name)
    if found:
        return Path(found)
    for folder in (*_SERVER_FOLDERS, *_postgresql_folders()):
        if (folder / name).is_file():
            return folder / name
    raise PeerMissing(name)


def _postgresql_folders() -> list[Path]:
    versions = [folder for folder in _POSTGRESQL.glob("*/bin") if folder.parent.name.isdecimal()]
    return sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
