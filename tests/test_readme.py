"""What the README shows is what happens: its commands are run, and its transcript compared."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.peers.ports import free_port
from tests.peers.process import OwnedProcess

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
COMMAND = Path(sys.executable).with_name("sipcheck")


def block(language: str, containing: str) -> str:
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return next(text for text in blocks if containing in text)


def masked(text: str) -> list[str]:
    """Leave out what differs from run to run: times, and the columns they push about."""
    return [
        re.sub(r" +", " ", re.sub(r"\b[\d.]+ m?s\b", "T", line)).strip() for line in text.strip().splitlines()
    ]


@pytest.fixture
def practice_port(tmp_path: Path) -> int:
    return free_port("127.0.0.1")


def test_the_first_verification(practice_port: int, tmp_path: Path) -> None:
    shown = block("text", "What was sent").replace("5060", str(practice_port))
    result = run_beside_the_carrier("sipcheck verify 'sip:127.0.0.1:5060", practice_port, tmp_path)
    assert result.returncode == 0, result.stderr
    assert masked(result.stdout) == masked(shown)


def test_the_sweep(practice_port: int, tmp_path: Path) -> None:
    # The README's carrier has the usual port; here the rows say which one it found.
    shown = block("text", "row  target").replace("5060", str(practice_port))
    rows = (
        ("127.0.0.1,udp", "127.0.0.1,tcp"),
        (f"127.0.0.1:{practice_port},udp", f"127.0.0.1:{practice_port},tcp"),
    )
    result = run_beside_the_carrier(
        "sipcheck sweep -", practice_port, tmp_path, tuple(zip(*rows, strict=True))
    )
    assert result.returncode == 1, result.stderr
    assert masked_table(result.stdout)[:5] == masked_table(shown)
    assert "credentials-rejected (1 of 3, row 2): " in result.stdout


def test_the_discovery(practice_port: int, tmp_path: Path) -> None:
    target = (("discover 127.0.0.1", f"discover 127.0.0.1:{practice_port}"),)
    result = run_beside_the_carrier("sipcheck discover", practice_port, tmp_path, target)
    assert result.returncode == 0, result.stderr
    assert f"127.0.0.1:{practice_port}/udp" in result.stdout


def masked_table(text: str) -> list[str]:
    return [re.sub(r" +", " ", re.sub(r" +(\d+)?$", "", line)) for line in text.strip().splitlines()]


def run_beside_the_carrier(
    command: str, practice_port: int, tmp_path: Path, changes: Sequence[tuple[str, str]] = ()
) -> "subprocess.CompletedProcess[str]":
    """Run a shell block of the README while the practice carrier listens at this port in place of 5060."""
    line = block("sh", command)
    for old, new in changes:
        line = line.replace(old, new)
    line = line.replace("5060", str(practice_port)).replace(".venv/bin/sipcheck", shlex.quote(str(COMMAND)))
    carrier = OwnedProcess(
        str(COMMAND),
        ["carrier", "--port", str(practice_port), "--tls-port", "0"],
        ready=lambda: "Ctrl-C" in carrier.log(),
        log_file=tmp_path / "carrier.log",
    )
    carrier.start()
    try:
        return subprocess.run(
            ["/bin/sh", "-c", line],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
    finally:
        carrier.end()


def test_the_program(practice_port: int) -> None:
    """The Python example, with a target that the guard refuses, so that nothing leaves this machine."""
    program = block("python", "import sipcheck").replace("sip.carrier.example", "127.0.0.1")
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30
    )
    assert result.stdout.startswith("failed address-forbidden"), result.stderr


def test_every_option_and_command_it_names_exists() -> None:
    help_text = subprocess.run(
        [str(COMMAND), "carrier", "--help"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    assert "--list-faults" in help_text


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"make ([a-z][\w-]+)", README + CONTRIBUTING))
    assert {
        "test",
        "test-stories",
        "test-all",
        "test-fast",
        "test-pythons",
        "test-long",
        "check",
        "install",
    } <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
