"""Finds the programs of the real peers."""

import shutil
from dataclasses import dataclass
from pathlib import Path

# Debian keeps servers in sbin and PostgreSQL's in a versioned folder; neither is on an ordinary user's PATH.
_SERVER_FOLDERS = (Path("/usr/sbin"), Path("/usr/local/sbin"), Path("/sbin"))
_POSTGRESQL = Path("/usr/lib/postgresql")

# Part of every Debian; any other program is a peer.
_EVERYWHERE = frozenset({"setpriv"})


class PeerMissing(Exception):
    """A program the tests need is not installed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not installed, and the tests talk to the real one: "
            "run `make test`, which installs it, or tests/install-peers.sh"
        )


class PeerNotMarked(Exception):
    """A test that is not marked `peers` looked for one."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"this test looks for {name} and is not marked: mark it with pytest.mark.peers, or add the fixture that "
            "starts it to PEER_FIXTURES in tests/conftest.py, so that the fast tests leave it out"
        )


@dataclass(slots=True)
class Permission:
    """Whether the test that runs may have peers: tests/conftest.py says so before each."""

    peers: bool = True

    def require(self, name: str) -> None:
        """Raise PeerNotMarked unless the test may start this."""
        if not self.peers:
            raise PeerNotMarked(name)


PERMISSION = Permission()


def find_program(name: str) -> Path:
    """Find a program by name; a path is a program of our own. Raises PeerMissing, PeerNotMarked."""
    if "/" not in name and name not in _EVERYWHERE:
        PERMISSION.require(name)
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
