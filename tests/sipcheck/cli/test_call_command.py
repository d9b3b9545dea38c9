"""`sipcheck call`: what is refused before a packet, the exit statuses, and the page's own example."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.cli.main import app
from tests.peers.practice import PracticePeer

PAGE = (Path(__file__).parents[3] / "docs" / "calls.md").read_text(encoding="utf-8")
WITHIN_SECONDS = 60.0
KNOWN = ("--to", "+4930123456")


@pytest.fixture(scope="module")
def peer() -> Iterator[PracticePeer]:
    with PracticePeer() as running:
        yield running


def _wait_for(condition: Callable[[], object]) -> None:
    """Wait for what another thread sees; the limit is for what never comes."""
    until = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < until, "it never came about"
        time.sleep(0.02)


def run(*arguments: str) -> tuple[int, str, str]:
    environment = {"PRACTICE_PASSWORD": "demo-password"}
    result = CliRunner().invoke(app, ["call", *arguments], env=environment)
    return result.exit_code, result.stdout, result.stderr


def call(peer: PracticePeer, *arguments: str) -> tuple[int, str, str]:
    target = f"sip:127.0.0.1:{peer.running.udp_port};transport=udp"
    return run(
        target,
        *arguments,
        "--username",
        "demo",
        "--password-env",
        "PRACTICE_PASSWORD",
        "--allow-network",
        "127.0.0.0/8",
    )


# What cannot be used, and what is said of it.
REFUSED = [
    (("--to", "112"), "'112' is a short number"),
    (("--to", "alice"), "'alice' is no number in international form"),
    (("--to", "+19005551234"), "costs extra"),
    (("--to", "+881612345678"), "belongs to satellites"),
    (("--to", "+911123456789", "--format", "e164"), "may be read as an emergency number"),
    ((*KNOWN, "--from", "x"), "'x' cannot stand in a From"),
    ((*KNOWN, "--from", "+49\r\nTo: x"), "cannot stand in a From"),
    ((*KNOWN, "--format", "pretty"), "--format 'pretty' is none; give +e164, e164, national or auto"),
    ((*KNOWN, "--identity", "king"), "--identity 'king' is none; give number, username or auto"),
    ((*KNOWN, "--identity", "username"), "--identity username needs a username"),
    ((*KNOWN, "--ring", "0"), "--ring '0' cannot be used; give a number of seconds up to 120"),
    ((*KNOWN, "--talk", "61"), "--talk '61' cannot be used; give a number of seconds up to 60"),
    ((*KNOWN, "--talk", "nan"), "--talk 'nan' cannot be used"),
    ((*KNOWN, "--codec", "opus"), "--codec 'opus' cannot be used; give pcmu and pcma"),
    ((*KNOWN, "--codec", "pcmu,pcmu"), "--codec 'pcmu,pcmu' cannot be used"),
    ((*KNOWN, "--rtp-ports", "5-10"), "is no range of ports; give two numbers"),
    ((*KNOWN, "--media-address", "me"), "--media-address 'me' is no IP address"),
    ((*KNOWN, "--username", "demo"), "needs a password"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_cannot_be_used_is_refused_before_a_packet(
    arguments: tuple[str, ...], said: str, peer: PracticePeer
) -> None:
    before = len(peer.running.seen)
    status, output, error = run(
        f"127.0.0.1:{peer.running.udp_port}", "--allow-network", "127.0.0.0/8", *arguments
    )
    assert (status, output) == (2, "")
    assert said in re.sub(r"\s+", " ", error)
    assert len(peer.running.seen) == before


def test_the_report_is_one_json_object(peer: PracticePeer) -> None:
    status, output, error = call(peer, *KNOWN, "--talk", "0.5", "--json")
    assert (status, error) == (0, "")
    report = json.loads(output)
    assert (report["outcome"], report["reason"], report["media"]["direction"]) == (
        "answered",
        "call-answered",
        "both",
    )
    assert "demo-password" not in output


def test_a_call_that_reaches_nobody_has_failed() -> None:
    status, output, _ = run(
        "127.0.0.1:9", *KNOWN, "--json", "--allow-network", "127.0.0.0/8", "--allow-port", "9"
    )
    report = json.loads(output)
    assert (status, report["outcome"], report["reason"]) == (1, "failed", "connection-refused")


def test_the_pages_example_gives_what_is_printed(peer: PracticePeer) -> None:
    (command,) = re.findall(r"^PRACTICE_PASSWORD=\S+ sipcheck call (.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    words = command.replace("\\\n", " ").replace("'", "").split()
    words[0] = words[0].replace("5060", str(peer.running.udp_port))
    status, output, _ = run(*words)
    assert status == 0

    def masked(text: str) -> str:
        return re.sub(
            r"[\d.]+ s\b", "T", re.sub(r"\b\d+ (packets|came)", "N", re.sub(r"\s+", " ", text))
        ).strip()

    (shown,) = re.findall(r"^```text\n(ANSWERED.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert masked(shown) in masked(output)
    assert "What was heard" in output
    assert set(re.findall(r"--calls ([a-z-]+)", PAGE)) <= set(CallBehaviour)


@pytest.mark.peers
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_call(number: signal.Signals, peer: PracticePeer) -> None:
    """Ctrl-C, and what a system sends: BYE is on the wire before the program is gone."""
    before = len(peer.running.calls)
    command = [
        sys.executable,
        "-m",
        "sipcheck.cli.main",
        "call",
        f"sip:127.0.0.1:{peer.running.udp_port}",
        *KNOWN,
    ]
    command += ["--talk", "50", "--username", "demo", "--password-env", "PRACTICE_PASSWORD"]
    command += ["--allow-network", "127.0.0.0/8"]
    environment = {**os.environ, "PRACTICE_PASSWORD": "demo-password"}
    seen = len(peer.running.seen)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        _wait_for(lambda: any(each.method == "ACK" for each in list(peer.running.seen)[seen + 2 :]))
        process.send_signal(number)
        process.communicate(timeout=WITHIN_SECONDS)
    assert process.returncode in (130, 143)
    _wait_for(lambda: len(peer.running.calls) > before)
    assert peer.running.calls[-1].how == "was hung up by the caller"
