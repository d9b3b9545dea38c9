"""The answering side: processes of their own, on a core of their own."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cores import Cores
from benchmarks.cost import ProgramFailed, run
from benchmarks.workshop import WORKSHOP

ADDRESS = "127.0.0.1"

_SOURCE = Path(__file__).with_name("udp_responder.c")
_PROGRAM = WORKSHOP / "udp-responder"
_COUNT_SECONDS = 5.0
_END_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Responder:
    """A running responder's port on loopback."""

    port: int

    def take_count(self) -> int:
        """Tell how many requests came over UDP since the last time. Raises TimeoutError."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(_COUNT_SECONDS)
            asking.sendto(b"COUNT", (ADDRESS, self.port))
            return int(asking.recv(64))


def udp_language() -> str:
    """Tell in which language the UDP responder is: C where there is a compiler."""
    return "Python" if shutil.which("gcc") is None else "C"


@contextmanager
def udp_responder(cores: Cores) -> Iterator[Responder]:
    with _running(_udp_command(), cores) as responder:
        yield responder


@contextmanager
def tls_responder(cores: Cores, certificate_file: Path, key_file: Path) -> Iterator[Responder]:
    command = [sys.executable, "-m", "benchmarks.tls_responder", str(certificate_file), str(key_file)]
    with _running(command, cores) as responder:
        yield responder


@contextmanager
def silent_port() -> Iterator[int]:
    """Hold a UDP port that takes datagrams and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((ADDRESS, 0))
        yield silent.getsockname()[1]


def _udp_command() -> list[str]:
    if udp_language() == "Python":
        return [sys.executable, "-m", "benchmarks.udp_responder"]
    if not _PROGRAM.exists() or _PROGRAM.stat().st_mtime < _SOURCE.stat().st_mtime:
        WORKSHOP.mkdir(exist_ok=True)
        run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(_PROGRAM), str(_SOURCE)])
    return [str(_PROGRAM)]


@contextmanager
def _running(command: Sequence[str], cores: Cores) -> Iterator[Responder]:
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        try:
            if cores.responder is not None:
                os.sched_setaffinity(process.pid, {cores.responder})
            assert process.stdout is not None
            port = process.stdout.readline()
            if not port:
                raise ProgramFailed(f"{' '.join(command)} ended at its start")
            yield Responder(int(port))
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
