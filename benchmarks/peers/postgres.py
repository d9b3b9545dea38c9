"""A private PostgreSQL cluster as it comes: its commits reach the disk."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.cost import ProgramFailed
from benchmarks.peers.server import as_user, find_program, free_port, running
from benchmarks.programs import Program

POSTGRES = Program(
    "PostgreSQL", find_program("postgres") or "postgres", ("--version",), r"\(PostgreSQL\) (\S+)"
)

_ROLE = "trunks"
# PostgreSQL refuses to run as root; its package makes this user.
_SYSTEM_USER = "postgres"
_CONNECT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Postgres:
    """`url` is that of an empty database, as TRUNKS_DATABASE_URL takes it."""

    url: str
    pid: int


@contextmanager
def postgres_server(folder: Path) -> Iterator[Postgres]:
    """Make a cluster in `folder`, which its user has to reach, and run it. Raises ProgramFailed."""
    user = _SYSTEM_USER if os.geteuid() == 0 else None
    data = folder / "data"
    data.mkdir(mode=0o700)
    if user is not None:
        shutil.chown(data, user, user)
    _make_cluster(data, user)
    port = free_port()
    # No socket in the file system: its path would have to be short.
    options = ("-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "")
    command = [POSTGRES.path, *options]
    log_file = folder / "postgres.log"
    with running(command, ready=lambda: _answers(port), log_file=log_file, user=user) as process:
        yield Postgres(f"postgresql+psycopg://{_ROLE}@127.0.0.1:{port}/postgres", process.pid)


def _make_cluster(data: Path, user: str | None) -> None:
    made = subprocess.run(
        [
            *("setpriv", *as_user(user), "--", find_program("initdb") or "initdb"),
            *("-D", str(data), "-U", _ROLE),
            *("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if made.returncode:
        raise ProgramFailed(f"initdb:\n{made.stdout}{made.stderr}")


def _answers(port: int) -> bool:
    try:
        psycopg.connect(
            host="127.0.0.1", port=port, user=_ROLE, dbname="postgres", connect_timeout=_CONNECT_SECONDS
        ).close()
    except psycopg.OperationalError:
        return False
    return True
