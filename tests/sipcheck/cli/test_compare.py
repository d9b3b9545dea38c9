"""`sipcheck verify --compare`: the report of another place beside this one, drawn and as JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipcheck.carrier.faults import Fault
from sipcheck.cli.main import app
from tests.peers.ports import free_port
from tests.peers.practice import PracticePeer

LOOPBACK = ("--allow-network", "127.0.0.0/8", "--timeout", "2")


def verify(port: int | None, *options: str) -> str:
    target = f"sip:127.0.0.1:{port};transport=udp"
    return CliRunner().invoke(app, ["verify", target, *LOOPBACK, *options]).stdout


def test_it_works_there_and_not_here(tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "there.json"
    with PracticePeer() as practice:
        written = verify(practice.running.udp_port, "--json").replace(
            str(practice.running.udp_port), str(port)
        )
    file.write_text(written, encoding="utf-8")
    here = json.loads(verify(port, "--compare", str(file), "--json"))
    assert here["comparison"]["relation"] == "works-there-alone"
    assert "ask the carrier" in here["comparison"]["said"]
    assert {"name": "outcome", "there": "verified", "here": "failed"} in here["comparison"]["differences"]
    drawn = verify(port, "--compare", str(file))
    assert "Compared with the other report" in drawn
    assert here["comparison"]["said"] in " ".join(drawn.split())


def test_it_fails_from_both_alike(tmp_path: Path) -> None:
    file = tmp_path / "there.json"
    with PracticePeer([Fault.SIP_FORBIDDEN]) as practice:
        port = practice.running.udp_port
        file.write_text(verify(port, "--json"), encoding="utf-8")
        here = json.loads(verify(port, "--compare", str(file), "--json"))
    assert here["comparison"]["relation"] == "fails-from-both-alike"


@pytest.mark.parametrize(("text", "said"), [(None, "No such file"), ("{}", "it is no report (outcome")])
def test_what_is_no_report_is_told_before_anything_is_sent(
    text: str | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "there.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["verify", "127.0.0.1", "--compare", str(file)])
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
