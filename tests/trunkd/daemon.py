"""trunkd as an operator runs it: a process, its two outputs, a signal, a status."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self

from tests.peers.programs import PERMISSION
from tests.trunkd.warm_start import Surroundings, WarmProcess

_SETTINGS = ("TRUNKS_", "LIVEKIT_")
_POLL_SECONDS = 0.02
# Only a command that hangs takes this long, on however busy a machine.
_COMMAND_WITHIN_SECONDS = 120.0
# Its 10 s, and what a busy machine takes besides.
_ENDED_WITHIN_SECONDS = 20.0


def run_trunkd(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    PERMISSION.require("trunkd")
    with TemporaryFile() as out, TemporaryFile() as err:
        process = WarmProcess(
            list(arguments),
            cwd=folder,
            env={**os.environ, **environment},
            stdout=out,
            stderr=err,
        )
        status = process.wait(_COMMAND_WITHIN_SECONDS)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(process.args, status, out.read().decode(), err.read().decode())


def settings_of_this_process() -> dict[str, str]:
    """Give the settings that a test has put into its environment."""
    return {name: value for name, value in os.environ.items() if name.startswith(_SETTINGS)}


class Trunkd:
    """One that keeps running while entered; it is killed at the end if it is still there."""

    def __init__(
        self,
        *arguments: str,
        folder: Path,
        environment: Mapping[str, str],
        surroundings: Surroundings | None = None,
    ) -> None:
        self._arguments = arguments
        self._surroundings = surroundings
        self._folder = folder
        # Without the settings of whoever runs the tests. All peers are on loopback, and ban nobody.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        self._environment = inherited | {"TRUNKS_KNOCKS": "0"} | dict(environment)
        name = "-".join(arguments).replace("--", "") + f"-{id(self)}"
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"

    def __enter__(self) -> Self:
        PERMISSION.require("trunkd")
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = WarmProcess(
                list(self._arguments),
                cwd=self._folder,
                env=self._environment,
                stdout=out,
                stderr=err,
                surroundings=self._surroundings,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.running:
            self._process.kill()
        self._process.wait()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def wait_until(self, holds: Callable[[], bool], *, within_seconds: float = 120.0) -> None:
        """Wait for something to hold while it runs."""
        deadline = time.monotonic() + within_seconds
        while not holds():
            assert self.running, f"ended with {self._process.returncode}: {self.err}"
            assert time.monotonic() < deadline, f"not in {within_seconds} s: {self.out}{self.err}"
            time.sleep(_POLL_SECONDS)

    def wait(self) -> int:
        """Wait for its end by itself, and give the status."""
        return self._process.wait(_COMMAND_WITHIN_SECONDS)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and give the status; it gives itself 10 s (docs/design/service.md)."""
        self._process.send_signal(by)
        return self._process.wait(_ENDED_WITHIN_SECONDS)
