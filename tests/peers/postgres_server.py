"""A private PostgreSQL cluster."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from tests.peers.ports import free_port
from tests.peers.process import (
    END_WITHIN_SECONDS,
    READY_WITHIN_SECONDS,
    OwnedProcess,
    PeerFailed,
)
from tests.peers.programs import find_program

_ADDRESS = "127.0.0.1"
_ROLE = "trunks"
# PostgreSQL refuses to run as root; its package makes this user.
_SYSTEM_USER = "postgres"
_CONNECT_SECONDS = 2


class PostgresServer(OwnedProcess):
    """Run one cluster without fsync: it survives kill(), which is all that tests do to it."""

    def __init__(self) -> None:
        self.port = free_port()
        # A folder of its own, not pytest's: that one is closed to the other user, and too deep for the socket.
        self._folder = Path(tempfile.mkdtemp(prefix="trunks-postgres-"))
        self._log_folder = Path(tempfile.mkdtemp(prefix="trunks-postgres-log-"))
        self._user = _SYSTEM_USER if os.geteuid() == 0 else None
        self._numbers = itertools.count(1)
        super().__init__(
            "postgres",
            [
                *("-D", str(self._folder / "data"), "-p", str(self.port), "-h", _ADDRESS),
                # No fsync; a commit is still handed to the kernel, so that it outlives a killed process.
                *("-k", str(self._folder), "-F", "-c", "full_page_writes=off"),
            ],
            ready=self._answers,
            log_file=self._log_folder / "postgres.log",
            user=self._user,
            # The fast shutdown: it does not wait for clients to leave.
            end_signal=signal.SIGINT,
        )

    def start(self, *, within_seconds: float = READY_WITHIN_SECONDS) -> None:
        """Make the cluster at the first start, and run it. Raises PeerFailed."""
        if not (self._folder / "data").exists():
            self._make_cluster()
        super().start(within_seconds=within_seconds)

    def end(self, *, within_seconds: float = END_WITHIN_SECONDS) -> None:
        """End it and remove the cluster."""
        super().end(within_seconds=within_seconds)
        shutil.rmtree(self._folder)
        shutil.rmtree(self._log_folder)

    def create_database(self, template: str | None = None) -> str:
        """Create a database and give its URL, as TRUNKS_DATABASE_URL takes it; a copy of `template`'s, or an empty one.

        Nobody may be connected to the template.
        """
        name = f"trunks_{next(self._numbers)}"
        source = "template1" if template is None else template.rpartition("/")[2]
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(source))
        )
        return f"postgresql+psycopg://{_ROLE}@{_ADDRESS}:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Drop a database whoever is connected to it."""
        name = sql.Identifier(url.rpartition("/")[2])
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _make_cluster(self) -> None:
        identity: tuple[str, ...] = ()
        if self._user is not None:
            shutil.chown(self._folder, self._user, self._user)
            identity = (f"--reuid={self._user}", f"--regid={self._user}", "--clear-groups")
        made = subprocess.run(
            [
                *(str(find_program("setpriv")), *identity, "--", str(find_program("initdb"))),
                *("-D", str(self._folder / "data"), "-U", _ROLE, "--auth=trust", "--no-sync"),
                *("--encoding=UTF8", "--locale=C"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if made.returncode:
            raise PeerFailed(f"initdb:\n{made.stdout}{made.stderr}")

    def connect(self, url: str = "postgres") -> psycopg.Connection:
        """Connect to a database of this server; each statement is a transaction."""
        return psycopg.connect(
            host=_ADDRESS,
            port=self.port,
            user=_ROLE,
            dbname=url.rpartition("/")[2],
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
        )

    def _execute(self, statement: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True
