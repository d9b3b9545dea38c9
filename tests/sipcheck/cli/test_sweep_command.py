"""`sipcheck sweep`: files of many shapes, a table or a report a line, and the exit status."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from sipcheck.carrier.faults import Fault
from sipcheck.cli.main import app
from tests.peers.practice import PracticePeer

LOOPBACK = ("--allow-network", "127.0.0.0/8")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with PracticePeer() as practice:
        assert practice.running.udp_port is not None
        yield practice.running.udp_port


def sweep(text: str | bytes, *options: str) -> Result:
    return CliRunner().invoke(app, ["sweep", "-", *LOOPBACK, *options], input=text)


def lines(result: Result) -> dict[int, dict[str, Any]]:
    """Read the reports, by row; each stands in a line of its own."""
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert len({report["row"] for report in found}) == len(found)
    return {report["row"]: report for report in found}


def test_csv_and_a_report_a_line(port: int) -> None:
    result = sweep(
        "target,transport,port,username,password\n"
        f"127.0.0.1,udp,{port},demo,demo-password\n"
        f"127.0.0.1,tcp,{port},demo,wrong\n"
        f"127.0.0.1,UDP,{port},,\n",
        "--json",
    )
    assert result.exit_code == 1, result.output
    reports = lines(result)
    assert {row: report["reason"] for row, report in reports.items()} == {
        1: "credentials-proven",
        2: "credentials-rejected",
        3: "alive",
    }
    assert list(reports[1])[:3] == ["row", "outcome", "reason"]
    assert reports[1]["target"]["username"] == "demo"
    assert "demo-password" not in result.output
    assert "wrong" not in result.output


def test_every_row_verified_is_status_0(port: int) -> None:
    result = sweep(f"target\n127.0.0.1:{port};transport=udp\nsip:127.0.0.1:{port};transport=udp\n", "--json")
    assert {report["reason"] for report in lines(result).values()} >= {"alive"}
    result = sweep(f"target\nsip:127.0.0.1:{port};transport=udp\n")
    assert result.exit_code == 0, result.output


def test_json_lines_with_a_byte_order_mark(port: int) -> None:
    rows = [
        {
            "target": "127.0.0.1",
            "port": port,
            "transport": "udp",
            "username": "demo",
            "password": "demo-password",
        },
        {"target": "127.0.0.1", "port": str(port), "transport": None},
    ]
    text = "\ufeff" + "\n\n".join(json.dumps(row) for row in rows) + "\n"
    result = sweep(text, "--json")
    assert {row: report["reason"] for row, report in lines(result).items()} == {
        1: "credentials-proven",
        2: "alive",
    }


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (",udp,,,,", "target is empty"),
        ("a b,,,,,", "a b"),
        ("127.0.0.1,sctp,,,,", "transport 'sctp' is none; give udp, tcp or tls"),
        ("127.0.0.1,,70000,,,", "port '70000' is none"),
        ("127.0.0.1,,５０６０,,,", "is none"),
        ("127.0.0.1,,,demo,,", "username 'demo' needs a password"),
        ("127.0.0.1,,,,hush-hush,", "password is given without username"),
        ("127.0.0.1,,,,,r", "realm is given without username"),
        ("127.0.0.1,,,demo,hush-hush,r,surplus", "7 values where the header names 6"),
        ("sip:bob@127.0.0.1,,,,,", "bob"),
        ("127.0.0.1:5060,,5061,,,", "5061"),
    ],
)
def test_a_bad_row_gets_its_report_and_the_sweep_goes_on(row: str, told: str, port: int) -> None:
    result = sweep(
        f"target,transport,port,username,password,realm\n{row}\n127.0.0.1,udp,{port},,,\n", "--json"
    )
    assert result.exit_code == 1, result.output
    reports = lines(result)
    assert (reports[1]["outcome"], reports[1]["reason"]) == ("failed", "target-invalid")
    assert reports[2]["reason"] == "alive"
    assert "hush-hush" not in result.output
    if "bob" not in told:  # a user part may hold a password: it is not repeated
        assert told in reports[1]["summary"]


def test_what_is_no_target_is_shown_as_it_was_written() -> None:
    result = sweep("target,transport\n127.0.0.1:99999,udp\n")
    assert "  127.0.0.1:99999" in result.output
    assert "[127.0.0.1" not in result.output


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"target": "127.0.0.1", "colour": "red"}', "column 'colour' is not known"),
        ('{"target": ["127.0.0.1"]}', "target is no text"),
        ('{"target": true}', "target is no text"),
        ("[1]", "no JSON object"),
        ('{"target": "127', "no JSON object"),
        ("{}", "target is empty"),
    ],
)
def test_a_bad_json_line_gets_its_report(line: str, told: str) -> None:
    result = sweep('{"target": "10.0.0.1"}\n' + line + "\n", "--json")
    assert told in lines(result)[2]["summary"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "it holds no row"),
        (b"target\n", "it holds no row"),
        (b"\n\n", "it holds no row"),
        (b"sip.example,alice,hush-hush\n", "no column 'target'"),
        (b"target,colour\na,b\n", "column 'colour' is not known; the columns are target,transport"),
        (b"target,port,port\na,1,2\n", "'port' stands in the header more than once"),
        (b'target\n"a\n', "is no CSV"),
        (b"target\n\xff\xfe\n", "no text in UTF-8 (byte 7)"),
    ],
)
def test_a_file_that_cannot_be_used_is_status_2(text: bytes, told: str) -> None:
    result = sweep(text)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stdout == ""
    assert "hush-hush" not in result.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--concurrency", "0"), "--concurrency '0' is not usable"),
        (("--concurrency", "many"), "--concurrency 'many' is not usable"),
        (("--rate", "0"), "--rate '0' is not usable"),
        (("--rate", "nan"), "--rate 'nan' is not usable"),
        (("--timeout", "-1"), "--timeout '-1' is not usable"),
        (("--source-address", "203.0.113.9"), "cannot be bound"),
    ],
)
def test_a_bad_option_is_status_2(options: tuple[str, str], told: str) -> None:
    result = sweep("target\n127.0.0.1\n", *options)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_missing_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["sweep", str(tmp_path / "none.csv")])
    assert result.exit_code == 2
    assert "cannot be read: No such file or directory" in result.stderr


def test_the_table_names_rows_and_causes(port: int, tmp_path: Path) -> None:
    file = tmp_path / "trunks.csv"
    file.write_text(
        "target,transport,port,username,password\n"
        f"127.0.0.1,udp,{port},demo,demo-password\n"
        "10.0.0.1,,,,\n"
        f"127.0.0.1,udp,{port},demo,wrong\n"
        "10.0.0.2,,,,\n",
        encoding="utf-8",
    )
    result = CliRunner().invoke(app, ["sweep", str(file), *LOOPBACK])
    assert result.exit_code == 1
    text = result.stdout
    rows = [line.split()[0] for line in text.splitlines()[1:5]]
    assert rows == ["1", "2", "3", "4"]  # in the file's order, whatever ended first
    assert "4 rows: 1 verified, 3 failed" in text
    assert "address-forbidden (2 of 4, such as row" in text
    assert "credentials-rejected (1 of 4, row 3): " in text


def test_the_table_tells_each_fault_that_is_a_rows_own(port: int) -> None:
    rows = (
        "target,transport,port,username,password\n"
        "127.0.0.1,,99999,,\n127.0.0.1,,,alice,\n127.0.0.1,ws,,,\n"
        "10.0.0.1,,,,\n10.0.0.2,,,,\n192.168.0.1,,,,\n127.0.0.1,udp,25,,\n"
    )
    text = " ".join(sweep(rows).stdout.split())
    for told in ("port '99999' is none", "username 'alice' needs a password", "transport 'ws' is none"):
        assert told in text
    # What has to be allowed is told once for all to whom it applies.
    assert "address-forbidden (2 of 7, such as row 4): " in text
    for allowance in ("--allow-network 10.0.0.0/8", "--allow-network 192.168.0.0/16", "--allow-port 25"):
        assert text.count(allowance) == 1
    many = "target\n" + "".join(f"bad target {number}\n" for number in range(30))
    text = " ".join(sweep(many).stdout.split())
    assert text.count("target-invalid (1 of 30, row ") == 20
    assert "target-invalid: 10 more, each told with its row by --format jsonl" in text


def test_no_more_destinations_at_once_than_the_system_has_files_for(port: int) -> None:
    command = (
        f"ulimit -n 64; exec {sys.executable} -m sipcheck.cli.main sweep - --allow-network 127.0.0.0/8 --json"
    )
    rows = "target,transport,port\n" + f"127.0.0.1,udp,{port}\n" * 50
    done = subprocess.run(
        ["sh", "-c", command], input=rows, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "4 destinations at once instead of 200: this system allows 64 open files" in done.stderr


FORMATS = (
    "target,transport,port,username,password\n"
    "127.0.0.1,udp,{port},demo,demo-password\n"
    "127.0.0.1,udp,{port},demo,wr&ng\n"
    "<not a target>,,,,\n"
)


def test_csv_has_a_line_a_row(port: int) -> None:
    result = sweep(FORMATS.format(port=port), "--format", "csv")
    assert result.exit_code == 1, result.output
    found = {row["row"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    assert [found[row]["reason"] for row in ("1", "2", "3")] == [
        "credentials-proven",
        "credentials-rejected",
        "target-invalid",
    ]
    first = found["1"]
    assert (first["domain"], first["port"], first["username"]) == ("127.0.0.1", str(port), "demo")
    assert (first["sip_status"], first["address"], first["cause"]) == ("200", "127.0.0.1", "")
    assert "wr&ng" not in result.output


def test_junit_has_a_case_a_row(port: int) -> None:
    rows = FORMATS.format(port=port) + "127.0.0.1:0,,,,\n"
    result = sweep(rows, "--format", "junit")
    assert result.exit_code == 1, result.output
    (suite,) = ElementTree.fromstring(result.stdout)  # noqa: S314 - our own words
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "4",
        "failures": "3",
        "errors": "0",
        "skipped": "0",
    }
    told = {case.get("name", "").partition(":")[0]: case for case in suite}
    assert list(told) == ["row 1", "row 2", "row 3", "row 4"]
    assert len(told["row 1"]) == 0
    (failure,) = told["row 3"]
    assert failure.get("type") == "target-invalid"
    assert "<not a target>" in (failure.get("message") or "")
    assert "wr&ng" not in result.output


def test_what_says_nothing_of_the_trunk_is_an_error_of_junit() -> None:
    with PracticePeer([Fault.SERVER_ERROR]) as practice:
        rows = f"target\nsip:127.0.0.1:{practice.running.udp_port};transport=udp\n"
        written = sweep(rows, "--format", "junit").stdout
    (suite,) = ElementTree.fromstring(written)  # noqa: S314 - our own words
    ((error,),) = suite
    assert (error.tag, error.get("type"), suite.get("errors")) == ("error", "sip-server-error", "1")


def test_json_is_jsonl_and_contradicts_the_others(port: int) -> None:
    rows = f"target\nsip:127.0.0.1:{port};transport=udp\n"
    assert lines(sweep(rows, "--format", "jsonl"))[1]["reason"] == "alive"
    result = sweep(rows, "--json", "--format", "csv")
    assert result.exit_code == 2
    assert "--json and --format csv contradict one another" in result.stderr


def test_a_reader_that_leaves_early_is_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "trunks.csv"
    file.write_text("target\n" + "10.0.0.1\n" * 5000, encoding="utf-8")
    command = f"{sys.executable} -m sipcheck.cli.main sweep {file} --json | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert json.loads(done.stdout)["reason"] == "address-forbidden"
    assert done.stderr == ""
