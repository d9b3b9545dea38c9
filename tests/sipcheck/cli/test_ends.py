"""However a command ends, its exit status says what was found: full disks, signals, and outputs that nobody reads."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.peers.call_peer import CallScript
from tests.peers.practice import PracticePeer
from tests.peers.udp_peer import UdpPeer, silent
from tests.sipcheck.engine.playing import listening

WITHIN_SECONDS = 60
LOOPBACK = ("--allow-network", "127.0.0.0/8")
ENVIRONMENT = {**os.environ, "PASSWORD": "demo-password"}
DEMO = ("--username", "demo", "--password-env", "PASSWORD")


@pytest.fixture(scope="module")
def practice() -> Iterator[PracticePeer]:
    with PracticePeer() as peer:
        yield peer


def sipcheck(*arguments: str, redirected: str = "") -> subprocess.CompletedProcess[str]:
    """Run by a shell, which sends the output where `redirected` says."""
    command = f'exec "$0" -m sipcheck.cli.main "$@" {redirected}'
    return subprocess.run(
        ["sh", "-c", command, sys.executable, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=WITHIN_SECONDS,
        check=False,
    )


def at(peer: PracticePeer) -> str:
    return f"sip:127.0.0.1:{peer.running.udp_port};transport=udp"


FULL = (">/dev/full", ">/dev/full 2>&1", ">/dev/full 2>/dev/full")


@pytest.mark.parametrize("redirected", FULL)
@pytest.mark.parametrize("options", [(), ("--json",)], ids=["drawn", "json"])
def test_a_verdict_that_cannot_be_written_is_no_verdict(
    options: Sequence[str], redirected: str, practice: PracticePeer
) -> None:
    """Standard error may be on the same disk: a trunk that works would else be told as one that does not (1)."""
    assert sipcheck("verify", at(practice), *LOOPBACK, *options, redirected=redirected).returncode == 2


@pytest.mark.parametrize("redirected", FULL)
def test_what_a_plugin_cannot_say_is_unknown(redirected: str, practice: PracticePeer, tmp_path: Path) -> None:
    state = ("--state-dir", str(tmp_path / "state"))
    done = sipcheck("nagios", at(practice), *LOOPBACK, *DEMO, *state, redirected=redirected)
    assert done.returncode == 3


@pytest.mark.parametrize("redirected", FULL)
@pytest.mark.parametrize("form", ["table", "jsonl", "csv", "junit"])
def test_a_sheet_that_cannot_be_written_is_status_2(
    form: str, redirected: str, practice: PracticePeer, tmp_path: Path
) -> None:
    file = tmp_path / "trunks.csv"
    file.write_text(f"target\n{at(practice)}\n")
    assert sipcheck("sweep", str(file), *LOOPBACK, "--format", form, redirected=redirected).returncode == 2


def test_a_verdict_is_told_though_its_capture_cannot_be_written(practice: PracticePeer) -> None:
    done = sipcheck("verify", at(practice), *LOOPBACK, *DEMO, "--json", "--pcap", "/dev/full")
    assert json.loads(done.stdout)["reason"] == "credentials-proven"
    assert (done.returncode, "--pcap '/dev/full': No space left" in done.stderr) == (2, True)


SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]


def ended_by(
    number: signal.Signals, arguments: Sequence[str], ready: Callable[[], bool]
) -> tuple[int, str, str]:
    """Start a command, and end it by a signal once it is where the test wants it."""
    with subprocess.Popen(
        [sys.executable, "-m", "sipcheck.cli.main", *arguments],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + WITHIN_SECONDS
        while not ready():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=WITHIN_SECONDS)
    return process.returncode, out, err


@pytest.fixture
def mute() -> Iterator[UdpPeer]:
    with UdpPeer(silent) as peer:
        yield peer


def broken_off(
    number: signal.Signals, practice: PracticePeer, mute: UdpPeer, folder: Path, *options: str
) -> tuple[int, str, str]:
    """Of four rows the first is verified, the second and third have no end, and the last cannot be used."""
    file = folder / "trunks.csv"
    rows = [at(practice), *(f"sip:127.0.0.1:{mute.port};transport=udp",) * 2, "no target"]
    file.write_text("target\n" + "".join(f"{row}\n" for row in rows))
    options = ("--concurrency", "1", "--timeout", "50", *LOOPBACK, *options)
    return ended_by(number, ["sweep", str(file), *options], lambda: len(mute.received) > 0)


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_a_table_that_is_broken_off_shows_what_is_known(
    number: signal.Signals, status: int, practice: PracticePeer, mute: UdpPeer, tmp_path: Path
) -> None:
    ended, out, err = broken_off(number, practice, mute, tmp_path)
    assert (ended, err) == (status, "")
    assert re.search(r"^ *1 .* verified", out, re.MULTILINE)
    assert "2 rows: 1 verified, 1 failed\n2 not reached, such as row 2\n" in out


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_a_suite_that_is_broken_off_has_what_was_not_reached_in_error(
    number: signal.Signals, status: int, practice: PracticePeer, mute: UdpPeer, tmp_path: Path
) -> None:
    ended, out, err = broken_off(number, practice, mute, tmp_path, "--format", "junit")
    assert (ended, err) == (status, "")
    (suite,) = ElementTree.fromstring(out)  # noqa: S314 - our own words
    told = {case.get("name", "").partition(":")[0]: [each.get("type") for each in case] for case in suite}
    assert list(told.items()) == [
        ("row 1", []),
        ("row 2", ["cancelled"]),
        ("row 3", ["cancelled"]),
        ("row 4", ["target-invalid"]),
    ]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "4",
        "failures": "1",
        "errors": "2",
    }


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_a_plugin_that_is_broken_off_is_unknown(number: signal.Signals, status: int, mute: UdpPeer) -> None:
    target = f"sip:127.0.0.1:{mute.port};transport=udp"
    ended, out, _ = ended_by(
        number, ["nagios", target, *LOOPBACK, "--timeout", "50"], lambda: len(mute.received) > 0
    )
    assert (ended, out) == (3, "SIP UNKNOWN: interrupted\n")


@pytest.mark.parametrize(("number", "status"), SIGNALS)
async def test_a_proof_that_is_broken_off_leaves_no_call_up(number: signal.Signals, status: int) -> None:
    """It is taken, and its end is awaited: whoever is ended sends BYE before."""
    script = CallScript(answers=((100, "Trying"),), challenge=None)
    async with listening(script):
        target = f"sip:127.0.0.1:{script.port};transport=udp"
        options = ("--proof", "invite", *DEMO, "--timeout", "50", *LOOPBACK)
        ended, out, _ = ended_by(number, ["verify", target, *options], lambda: "INVITE" in script.methods())
    assert (ended, out) == (status, "")
    assert script.methods() == ["OPTIONS", "INVITE", "CANCEL", "ACK"]


@pytest.mark.parametrize(
    ("target", "options", "status", "told"),
    [
        ("10.0.0.1", (), 1, "--allow-network"),
        ("127.0.0.1:25", LOOPBACK, 1, "--allow-port 25"),
        ("sip.example.com", ("--nameserver", "127.0.0.1:1", *LOOPBACK), 3, "no resolver answered"),
    ],
)
def test_what_was_not_asked_gets_no_grade(
    target: str, options: Sequence[str], status: int, told: str
) -> None:
    """Not a packet went to the carrier: an F would be a fault that nobody saw."""
    done = sipcheck("grade", target, *options, "--timeout", "3")
    assert done.returncode == status
    assert done.stdout.startswith(f"No grade  {target.partition(':')[0]}")
    assert told in done.stdout
    exported = json.loads(sipcheck("grade", target, *options, "--timeout", "3", "--json").stdout)
    assert (exported["grade"], exported["points"], exported["deductions"]) == (None, None, [])
    assert told in exported["summary"] + exported["advice"]


def test_what_answers_nowhere_is_an_f(mute: UdpPeer) -> None:
    with UdpPeer(silent) as peer:
        port = peer.port
    done = sipcheck("grade", f"sip:127.0.0.1:{port};transport=udp", *LOOPBACK, "--timeout", "3")
    assert (done.returncode, done.stdout[:1]) == (1, "F")
