"""A server of the benchmarks' own: on loopback, in a folder of its own, and gone with whoever started it."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.cost import ProgramFailed

_READY_WITHIN_SECONDS = 90.0
_END_WITHIN_SECONDS = 15.0
_POLL_SECONDS = 0.02
_LOG_TAIL_CHARACTERS = 2000


@contextmanager
def running(
    command: Sequence[str],
    *,
    ready: Callable[[], bool],
    log_file: Path,
    environment: dict[str, str] | None = None,
    folder: Path = Path("/"),
    stdin: int = subprocess.DEVNULL,
    user: str | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run it while entered, from when it is ready; SIGTERM ends it. Raises ProgramFailed.

    It ends with this process too, however that ends. Only root may name a user.
    """
    # setpriv sets the signal after the change of user, which would clear it.
    identity = as_user(user)
    whole = ["setpriv", "--pdeathsig", "TERM", *identity, "--", *command]
    with (
        log_file.open("wb") as log,
        subprocess.Popen(whole, stdin=stdin, stdout=log, stderr=log, env=environment, cwd=folder) as process,
    ):
        try:
            _wait(process, command, ready, log_file)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_END_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def as_user(name: str | None) -> tuple[str, ...]:
    """Give setpriv's options that make it this user."""
    return () if name is None else (f"--reuid={name}", f"--regid={name}", "--clear-groups")


def free_port() -> int:
    """Pick a port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


def find_program(name: str) -> str | None:
    """Find a program; Debian keeps PostgreSQL's in a versioned folder that is on nobody's PATH."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name) if folder.parent.name.isdecimal() else 0,
    )
    folders = (str(folder) for folder in reversed(versions))
    return shutil.which(name) or shutil.which(name, path=":".join(folders))


def _wait(
    process: subprocess.Popen[bytes], command: Sequence[str], ready: Callable[[], bool], log_file: Path
) -> None:
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log_file.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]
            raise ProgramFailed(f"{' '.join(command)} was not ready:\n{tail}")
        time.sleep(_POLL_SECONDS)
