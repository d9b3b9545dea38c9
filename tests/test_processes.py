"""Each test is run once by one of the processes, and what became of it is told by the one that has collected."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.processes import Shares

FOLDER = Path(__file__).parent
CONFTEST = """
from processes import Processes

def pytest_configure(config):
    config.pluginmanager.register(Processes(3))
"""
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(20))
def test_one_of_many(number, tmp_path):
    (tmp_path / "file").touch(exist_ok=False)
    print(f"said by {number}")
    assert number != 7
"""
DIES = """
import os

def test_dies():
    os._exit(3)
"""


@pytest.mark.parametrize(("tests", "processes"), [(100, 3), (2, 2), (7, 4), (1, 1)])
@pytest.mark.parametrize("greedy", [0, -1])
def test_each_is_handed_out_once_whoever_asks(tests: int, processes: int, greedy: int) -> None:
    shares = Shares(tests, processes)
    first = [shares.take(process) for process in range(processes)]
    assert first == [tests * process // processes for process in range(processes)]
    asks = range(processes)[greedy]
    rest = [shares.take(asks) for _ in range(tests - processes)]
    assert Counter([*first, *rest]) == Counter(range(tests))
    assert [shares.take(process) for process in range(processes)] == [None] * processes


def run(folder: Path, tests: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_some.py").write_text(tests)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(folder), str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=os.environ
        | {
            "PYTHONPATH": str(FOLDER),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "",
            "COLUMNS": "300",
        },
    )


def test_what_became_of_each_is_told(tmp_path: Path) -> None:
    ran = run(tmp_path, TESTS, "--durations=0", "-vv")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "1 failed, 19 passed" in ran.stdout
    assert "test_some.py::test_one_of_many[7]" in ran.stdout
    assert [line for line in ran.stdout.splitlines() if line.startswith("said by")] == ["said by 7"]
    assert ran.stdout.count("s call     ") == 20


def test_one_that_dies_is_named(tmp_path: Path) -> None:
    ran = run(tmp_path, TESTS.replace("number != 7", "True") + DIES)
    assert ran.returncode == 1
    assert "test_some.py::test_dies - the process that ran it ended with 3" in ran.stdout


def test_one_that_does_not_end_well_is_no_success(tmp_path: Path) -> None:
    ran = run(tmp_path, "def test_some(request):\n    request.config.add_cleanup(lambda: 1 / 0)\n")
    assert ran.returncode == 1, ran.stdout
    assert "1 passed" in ran.stdout
    assert "a process of the tests ended with 1" in ran.stdout
    assert "ZeroDivisionError" in ran.stderr
