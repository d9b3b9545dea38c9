"""Starts trunkd as a fork of an interpreter that has imported it: all that a start does, but for the imports.

The tests start it more than a hundred times, and a start is mostly imports. One interpreter for each process of the
tests imports trunkd and then waits; it never runs any of it. For each start it forks a keeper, and the keeper forks
the one that becomes trunkd, waits for it and tells how it ended: a killed trunkd is a killed process, seen by a
parent that does nothing else. tests/test_compose.py and tests/test_readme.py start
the installed program.
"""

import array
import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, NoReturn, TypedDict

PROGRAM = str(Path(sys.executable).with_name("trunkd"))

_ROOT = Path(__file__).parents[2]
_MAX_REQUEST_BYTES = 1 << 17
_PR_SET_PDEATHSIG = 1
_CAPABILITY_VERSION_3 = 0x20080522  # <linux/capability.h>
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000  # <linux/sched.h>
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18  # <linux/mount.h>
_PAGE = 4096
_LOADED_LATE = (
    "trunks.store.upgrade",
    "trunks.voice.livekit",
    "trunks.voice.livekit_calls",
    "typer.rich_utils",
    "worker.process",
)


class Surroundings(TypedDict, total=False):
    """What a process meets that others do not."""

    # Without the rights of root, whose files are open to him whatever their mode says.
    powerless: bool
    # A folder that is a disk of its own, with what was in it and this many bytes of room: nobody else sees it.
    disk: str
    room: int


class _Start(TypedDict):
    arguments: list[str]
    cwd: str
    env: dict[str, str]
    surroundings: Surroundings


class WarmProcess:
    """A running trunkd, with the part of subprocess.Popen that the tests use."""

    def __init__(
        self,
        arguments: list[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdout: IO[bytes],
        stderr: IO[bytes],
        surroundings: Surroundings | None = None,
    ) -> None:
        self.args = [PROGRAM, *arguments]
        self.returncode: int | None = None
        start = _Start(arguments=arguments, cwd=str(cwd), env=dict(env), surroundings=surroundings or {})
        request = json.dumps(start).encode()
        assert len(request) < _MAX_REQUEST_BYTES
        self._keeper, theirs = _blocking_pair()
        with theirs:
            descriptors = array.array("i", [stdout.fileno(), stderr.fileno(), theirs.fileno()])
            _waiting_interpreter().channel.sendmsg(
                [request], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors.tobytes())]
            )
        self.pid = int(self._keeper.recv(64))

    def poll(self) -> int | None:
        """Give the status, or None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and give the status. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._keeper.settimeout(timeout)
            try:
                status = self._keeper.recv(64)
            except (BlockingIOError, TimeoutError) as error:
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from error
            self.returncode = os.waitstatus_to_exitcode(int(status))
            self._keeper.close()
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended gets none."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class _WaitingInterpreter:
    """The interpreter that imports and waits; it ends with this process."""

    def __init__(self) -> None:
        self.channel, theirs = _blocking_pair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def end(self) -> None:
        self.channel.close()
        self._process.kill()
        self._process.wait()


_waiting_interpreter = cache(_WaitingInterpreter)


def end_waiting_interpreter() -> None:
    """End it at the end of the tests, where one was needed."""
    if _waiting_interpreter.cache_info().currsize:
        _waiting_interpreter().end()


def _blocking_pair() -> tuple[socket.socket, socket.socket]:
    """Make two ends that wait, whatever the process says of new sockets: a Celery worker that stops in it says that
    they have a timeout, and the system knows such sockets as non-blocking.
    """
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(True)
    return ends


def _wait_for_starts(channel: socket.socket) -> None:
    """Fork for every request until the tests have ended."""
    _import_all_that_a_start_loads()
    # Looked through for garbage in a fork, all of it would be written to, and so be copied.
    gc.collect()
    gc.freeze()
    _end_with_the_parent()
    while True:
        request, ancillary, _, _ = channel.recvmsg(_MAX_REQUEST_BYTES, socket.CMSG_SPACE(3 * 4))
        if not request:
            return
        received = array.array("i")
        received.frombytes(ancillary[0][2])
        stdout, stderr, teller = received
        if os.fork() == 0:
            channel.close()
            _keep(json.loads(request), stdout, stderr, socket.socket(fileno=teller))
        for descriptor in received:
            os.close(descriptor)
        _reap()


def _import_all_that_a_start_loads() -> None:
    """Import each room of trunkd, and what its commands load only when they get there."""
    import trunkd

    rooms = [room.name for room in pkgutil.walk_packages(trunkd.__path__, "trunkd.")]
    for name in (*rooms, *_LOADED_LATE):
        importlib.import_module(name)


def _reap() -> None:
    """Take leave of the keepers that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _keep(start: _Start, stdout: int, stderr: int, teller: socket.socket) -> None:
    """Start trunkd in a child and tell its end; only the child returns, by the end of trunkd."""
    _end_with_the_parent()
    child = os.fork()
    if child == 0:
        teller.close()
        _end_with_the_parent()
        _become_trunkd(start, stdout, stderr)
    os.close(stdout)
    os.close(stderr)
    teller.send(str(child).encode())
    _, status = os.waitpid(child, 0)
    # Whoever waited may be gone with the tests.
    with contextlib.suppress(BrokenPipeError):
        teller.send(str(status).encode())
    os._exit(0)


def _become_trunkd(start: _Start, stdout: int, stderr: int) -> NoReturn:
    from trunkd.main import main

    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    os.chdir(start["cwd"])
    _surround(start["surroundings"])
    os.environ.clear()
    os.environ.update(start["env"])
    sys.argv = [PROGRAM, *start["arguments"]]
    main()
    sys.exit()


def _surround(surroundings: Surroundings) -> None:
    if "disk" in surroundings:
        _move_to_a_disk(Path(surroundings["disk"]), surroundings["room"])
    if surroundings.get("powerless"):
        _call("capset", struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(2 * 12))


def _move_to_a_disk(folder: Path, room: int) -> None:
    """Mount a file system over the folder, in a namespace of this process (mount_namespaces(7))."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    taken = sum(-(-len(content) // _PAGE) * _PAGE for content in files.values())
    _call("unshare", _CLONE_NEWNS if os.geteuid() == 0 else _CLONE_NEWNS | _CLONE_NEWUSER)
    _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    _call("mount", b"tmpfs", bytes(folder), b"tmpfs", 0, f"mode=0700,size={taken + room}".encode())
    for name, content in files.items():
        (folder / name).touch(0o600)
        (folder / name).write_bytes(content)


def _call(name: str, *arguments: object) -> None:
    """Call the C library. Raises OSError."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def _end_with_the_parent() -> None:
    """Have the kernel end this process with the thread that started it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    _wait_for_starts(socket.socket(fileno=int(sys.argv[1])))
