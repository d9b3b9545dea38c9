"""Runs the tests in several processes, each a fork of the one that has collected them: `--processes 4`.

The workers of pytest-xdist import and collect each for itself, twenty seconds of processor time for each of them. Here
the process that has collected hands out the tests one by one and shows what became of them.
"""

import os
import random
import signal
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn

import pytest

# What a process says: a call of a hook of the process that collected, or one of these.
_TAKE, _REPORT, _WARNING = "take", "report", "warning"


class Shares:
    """What each process has still to run; one that has run all of its own takes from the end of the longest other."""

    def __init__(self, tests: int, processes: int) -> None:
        bounds = [tests * number // processes for number in range(processes + 1)]
        self._left = [range(*pair) for pair in pairwise(bounds)]

    def take(self, process: int) -> int | None:
        """Give the number of the test that this process runs next, or None where nothing is left."""
        own = self._left[process]
        if own:
            self._left[process] = own[1:]
            return own[0]
        longest = max(range(len(self._left)), key=lambda number: len(self._left[number]))
        others = self._left[longest]
        if not others:
            return None
        # Half of it, in a row: what its tests share is made once more, and not for each.
        middle = len(others) // 2
        self._left[longest], self._left[process] = others[:middle], others[middle + 1 :]
        return others[middle]


@dataclass(slots=True)
class _Process:
    number: int
    pid: int
    test: tuple[str, tuple[str, int | None, str]] | None = None


class Processes:
    """The plugin of the process that has collected."""

    def __init__(self, count: int) -> None:
        self._count = count

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if session.testsfailed or session.config.option.collectonly:
            return None  # pytest's own says so
        # Else the file of each test would begin a line.
        session.config.pluginmanager.get_plugin("terminalreporter").showfspath = False  # type: ignore[union-attr]
        count = min(self._count, len(session.items))
        shares = Shares(len(session.items), count)
        running: dict[Connection[Any, Any], _Process] = {}
        try:
            for number in range(count):
                _fork(session, number, running)
            while running:
                for connection in wait(list(running)):
                    assert isinstance(connection, Connection)
                    _listen(session, connection, running, shares)
        finally:
            for process in running.values():
                os.kill(process.pid, signal.SIGKILL)
                os.waitpid(process.pid, 0)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True


def _fork(session: pytest.Session, number: int, running: dict["Connection[Any, Any]", _Process]) -> None:
    ours, theirs = Pipe()
    pid = os.fork()
    if pid == 0:
        ours.close()
        for connection in running:
            connection.close()
        _become_one_of_them(session, number, theirs)
    theirs.close()
    running[ours] = _Process(number, pid)


def _listen(
    session: pytest.Session,
    connection: "Connection[Any, Any]",
    running: dict["Connection[Any, Any]", _Process],
    shares: Shares,
) -> None:
    """Answer one message, or see that there will be none any more."""
    process, hook = running[connection], session.config.hook
    try:
        kind, content = connection.recv()
    except EOFError:
        del running[connection]
        status = os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1])
        if process.test is not None:
            hook.pytest_runtest_logreport(report=_gone(*process.test, status))
        if status:
            session.shouldfail = session.shouldfail or f"a process of the tests ended with {status}"
        return
    if kind == _TAKE:
        stopped = session.shouldstop or session.shouldfail
        connection.send(None if stopped else shares.take(process.number))
    elif kind == _WARNING:
        hook.pytest_warning_recorded.call_historic(kwargs=content)
    elif kind == _REPORT:
        report = hook.pytest_report_from_serializable(config=session.config, data=content)
        hook.pytest_runtest_logreport(report=report)
    else:
        if kind == "pytest_runtest_logstart":
            process.test = (content["nodeid"], content["location"])
        elif kind == "pytest_runtest_logfinish":
            process.test = None
        getattr(hook, kind)(**content)


def _gone(nodeid: str, location: tuple[str, int | None, str], status: int) -> pytest.TestReport:
    said = f"the process that ran it ended with {status}"
    return pytest.TestReport(nodeid, location, {}, "failed", said, "call")


def _become_one_of_them(session: pytest.Session, number: int, connection: "Connection[Any, Any]") -> NoReturn:
    """Run what is handed out, to the end of this process."""
    status = 1
    try:
        _apart(session.config, number)
        session.config.pluginmanager.register(_Teller(session.config, connection))
        _run(session, connection)
        session.config._ensure_unconfigure()
        status = 0
    except BaseException:  # noqa: BLE001 - it is the border of the process
        traceback.print_exc()
    finally:
        os._exit(status)


def _apart(config: pytest.Config, number: int) -> None:
    """Share with the others neither the folder, nor what is captured, nor what is drawn by lot."""
    plugins = config.pluginmanager
    plugins.unregister(name="terminalreporter")
    capture: Any = plugins.get_plugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    folders: Any = config._tmp_path_factory  # type: ignore[attr-defined]
    folders._basetemp = folders.mktemp(f"process-{number}", numbered=False)
    random.seed()


def _run(session: pytest.Session, connection: "Connection[Any, Any]") -> None:
    test = _take(session.items, connection)
    while test is not None:
        # What is torn down behind a test hangs on the one that follows.
        following = _take(session.items, connection)
        session.config.hook.pytest_runtest_protocol(item=test, nextitem=following)
        test = following


def _take(tests: Sequence[pytest.Item], connection: "Connection[Any, Any]") -> pytest.Item | None:
    connection.send((_TAKE, None))
    number = connection.recv()
    return None if number is None else tests[number]


class _Teller:
    """Tells the process that collected what is run here and what becomes of it."""

    def __init__(self, config: pytest.Config, connection: "Connection[Any, Any]") -> None:
        self._config = config
        self._connection = connection

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self._connection.send(("pytest_runtest_logstart", {"nodeid": nodeid, "location": location}))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._connection.send((_REPORT, told))

    def pytest_runtest_logfinish(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        self._connection.send(("pytest_runtest_logfinish", {"nodeid": nodeid, "location": location}))

    def pytest_warning_recorded(
        self, warning_message: Any, when: str, nodeid: str, location: tuple[str, int, str] | None
    ) -> None:
        told = {"warning_message": warning_message, "when": when, "nodeid": nodeid, "location": location}
        self._connection.send((_WARNING, told))
