"""On the command line what the guard refuses is let through by the options that the advice names."""

import json
import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipcheck import Engine, Report, parse_target
from sipcheck.cli.main import app
from sipcheck.diagnosis.sentences import render
from sipcheck.guard import FORBIDDEN

CUSTOMERS = "A trunk has to be reachable on a public address."

# Python writes it with dots from 3.13 on; either form is understood by every one.
MAPPED = ip_network("::ffff:c0a8:10a/128")

REFUSED = [
    ("192.168.1.10", "--allow-network 192.168.0.0/16"),
    ("10.1.2.3:5080", "--allow-network 10.0.0.0/8"),
    ("127.0.0.1", "--allow-network 127.0.0.0/8"),
    ("100.64.0.1", "--allow-network 100.64.0.0/10"),
    ("169.254.169.254", "--allow-network 169.254.0.0/16"),
    ("[::1]", "--allow-network ::1/128"),
    ("[fd00::7]:5061", "--allow-network fd00::7/128"),
    ("[::ffff:192.168.1.10]", f"--allow-network {MAPPED}"),
    ("[64:ff9b::7f00:1]", "--allow-network 64:ff9b::7f00:1/128"),
    ("[8000::1]", "--allow-network 8000::1/128"),
    ("8.8.8.8:6379", "--allow-port 6379"),
    ("8.8.8.8:22", "--allow-port 22"),
    ("192.168.1.10:22", "--allow-network 192.168.0.0/16 --allow-port 22"),
]


def run(*arguments: str, env: dict[str, str] | None = None) -> str:
    return CliRunner().invoke(app, arguments, env=env).stdout


def advised(text: str) -> list[str]:
    return re.findall(r"--allow-network \S+/[0-9]+|--allow-port [0-9]+", text)


@pytest.mark.parametrize(("target", "options"), REFUSED)
def test_verify_and_sweep_name_the_very_options(target: str, options: str, tmp_path: Path) -> None:
    report = json.loads(run("verify", target, "--transport", "udp", "--json"))
    assert report["reason"] in FORBIDDEN
    assert " ".join(advised(report["advice"])) == options
    assert CUSTOMERS not in report["advice"]
    rows = tmp_path / "rows.csv"
    rows.write_text(f"target,transport\n{target},udp\n")
    assert json.loads(run("sweep", str(rows), "--json"))["advice"] == report["advice"]
    assert all(option in " ".join(run("sweep", str(rows)).split()) for option in advised(report["advice"]))


@pytest.mark.parametrize(("target", "options"), REFUSED)
def test_resolve_names_them_and_they_let_it_through(target: str, options: str) -> None:
    text = " ".join(run("resolve", target, "--transport", "udp").split())
    assert f"To let what is refused through: {options}" in text
    given = run("resolve", target, "--transport", "udp", *options.split(), "--json")
    assert [edge["forbidden"] for edge in json.loads(given)["edges"]] == [None]
    refused = json.loads(run("resolve", target, "--transport", "udp", "--json"))["edges"][0]["forbidden"]
    assert refused["options"] == options


def test_discover_names_them() -> None:
    found = json.loads(run("discover", "192.168.1.10", "--json"))
    assert advised(found["failure"]["advice"]) == ["--allow-network 192.168.0.0/16"]
    assert "--allow-network 192.168.0.0/16" in " ".join(run("discover", "192.168.1.10").split())


def test_nothing_is_named_where_nothing_is_refused() -> None:
    assert "let what is refused" not in run("resolve", "8.8.8.8")


async def test_the_engines_own_advice_is_a_customers() -> None:
    async with Engine() as engine:
        report: Report = await engine.verify(parse_target("192.168.1.10"))
    assert CUSTOMERS in report.advice
    assert advised(report.advice) == []


def test_the_advice_is_kept_as_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another language is to render is what is said."""
    drawn: list[Report] = []
    monkeypatch.setattr("sipcheck.cli.verify.draw_report", drawn.append)
    run("verify", "192.168.1.10")
    assert [render(sentence) for sentence in drawn[0].sentences] == [drawn[0].summary, drawn[0].advice]


@pytest.mark.parametrize("written", ["::ffff:192.168.1.10/128", "::ffff:c0a8:10a/128"])
def test_a_mapped_address_is_let_through_in_either_form(written: str) -> None:
    given = run(
        "resolve", "[::ffff:192.168.1.10]", "--transport", "udp", "--allow-network", written, "--json"
    )
    assert [edge["forbidden"] for edge in json.loads(given)["edges"]] == [None]
