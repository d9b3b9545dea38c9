"""A child process that the tests own: it is ready when start() returns, and gone when end() does."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from tests.peers.programs import find_program

READY_WITHIN_SECONDS = 60.0
END_WITHIN_SECONDS = 20.0
_POLL_SECONDS = 0.01
_LOG_TAIL_CHARACTERS = 4000


class PeerFailed(Exception):
    """A peer ended, or was not ready in time; the message carries the end of its log."""


class OwnedProcess:
    """Own one program in a process group of its own.

    Start it from the main thread: the kernel ends it with the thread that started it, so that a killed
    pytest leaves nothing behind.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        ready: Callable[[], bool],
        log_file: Path,
        user: str | None = None,
        end_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._name = name
        self._ready = ready
        self._log_file = log_file
        self._end_signal = end_signal
        self._process: subprocess.Popen[bytes] | None = None
        # setpriv sets the parent-death signal after any change of user, which would clear it.
        self._command = [
            str(find_program("setpriv")),
            f"--pdeathsig={end_signal.name.removeprefix('SIG')}",
            *(() if user is None else (f"--reuid={user}", f"--regid={user}", "--clear-groups")),
            "--",
            str(find_program(name)),
            *arguments,
        ]

    def start(self, *, within_seconds: float = READY_WITHIN_SECONDS) -> None:
        """Start and wait until ready. Raises PeerFailed."""
        if self.running:
            raise PeerFailed(f"{self._name} is running already")
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + within_seconds
        while not self._ready():
            if not self.running:
                raise PeerFailed(f"{self._name} ended at its start:\n{self._log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise PeerFailed(f"{self._name} was not ready in {within_seconds} s:\n{self._log_tail()}")
            time.sleep(_POLL_SECONDS)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """With what it ended by itself; None while it runs, and where it never did."""
        return None if self._process is None else self._process.poll()

    @property
    def pid(self) -> int:
        """Tell the process id. Raises PeerFailed when it was not started, or has been ended."""
        if self._process is None:
            raise PeerFailed(f"{self._name} is not running")
        return self._process.pid

    def log(self) -> str:
        """Read what the process wrote on standard output and error, over all its starts."""
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def end(self, *, within_seconds: float = END_WITHIN_SECONDS) -> None:
        """End it as its operator would, and by force when that takes too long."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(self._end_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(within_seconds)
        self.kill()

    def kill(self) -> None:
        """End it and all it started with SIGKILL, as the kernel or an operator in a hurry would."""
        if self._process is None:
            return
        process, self._process = self._process, None
        # PostgreSQL's backends leave the process group, so the tree is walked as well.
        victims = descendants(process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for victim in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
        process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _log_tail(self) -> str:
        return self.log()[-_LOG_TAIL_CHARACTERS:]


def descendants(pid: int) -> list[int]:
    """List the ids of all processes below this one."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, children.read_text().split()):
                found += [child, *descendants(child)]
    return found
