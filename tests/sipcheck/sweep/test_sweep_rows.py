"""A row that cannot be used says why in a sentence of its own, worded in any language."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sipcheck.cli.sweep_rows import read_rows
from sipcheck.sweep.sweep import BadRow, SweepRow
from sipcheck.verification.report_without_run import invalid_target_report
from tests.sipcheck.provoked.spoken import assert_spoken

HEADER = "target,transport,port,username,password,realm,auth_username"


@pytest.mark.parametrize(
    ("row", "key", "said"),
    [
        (",udp", "row.unusable", "Row 1 cannot be used: target is empty; give a domain"),
        ("a.test,sctp", "row.unusable", "transport 'sctp' is none; give udp, tcp or tls, or leave it empty."),
        ("a.test,,70000", "row.unusable", "port '70000' is none; give a number from 1 to 65535"),
        ("a.test,,,demo", "row.unusable", "username 'demo' needs a password"),
        (
            "a.test,,,,hush-hush",
            "row.unusable",
            "password is given without username; add username, or leave pass",
        ),
        ("a.test,,,,,,a", "row.unusable", "auth_username is given without username"),
        ("a.test,,,demo,p,r,a,surplus", "row.unusable", "it has 8 values where the header names 7"),
        (f"a.test,,,{'x' * 10_001},p", "row.unusable", "username is 10001 characters long; at most 10000"),
        ("a b", "target.unusable", "The target 'a b' cannot be used: it holds a space"),
        ("a.test:5060,,5061", "target.two-ports", "The target 'a.test:5060' has port 5060, and port 5061 is"),
        (
            "sip:a.test;transport=tcp,udp",
            "target.two-transports",
            "has transport tcp, and transport udp is given beside it; give it once.",
        ),
        (
            "sips:a.test,udp",
            "target.secure-and-transport",
            "'sips:a.test' means TLS, and transport udp is given",
        ),
        (
            'a.test,,,"a\tb",p',
            "credentials.username.control",
            "The username 'a\\tb' holds a line end or another",
        ),
        (
            'a.test,,,demo,p,,"a\tb"',
            "credentials.auth-username.control",
            "The authentication username 'a\\tb' holds a line end",
        ),
        (
            '{"target": "a.test", "username": "demo", "password": "hush-hush\\ud800"}',
            "credentials.password.no-text",
            "The password holds half of a character (U+D800 to U+DFFF)",
        ),
        (f"a.test,,,demo,{'x' * 200_000}", "row.unusable", "password is 200000 characters long; at most"),
        ('{"target": "a.test"', "row.unusable", "it is no JSON object; give one object a line."),
        ('{"target": "a.test"}\n[1]', "row.unusable", "Row 2 cannot be used: it is no JSON object"),
        ('{"target": ["a.test"]}', "row.unusable", "target is no text; give it in quotes."),
        (
            '{"host": "a.test"}',
            "row.unusable",
            "column 'host' is not known; the columns are target,transport,port",
        ),
    ],
)
def test_what_is_wrong_with_a_row(row: str, key: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "trunks"
    file.write_text(row if row.startswith("{") else f"{HEADER}\n{row}\n")
    bad = read_rows(str(file))[-1]
    assert isinstance(bad, BadRow)
    assert bad.fault.key == key
    report = invalid_target_report(bad.text, bad.fault, started_at=datetime.now(UTC))
    assert said in report.summary
    assert "hush-hush" not in report.summary
    assert_spoken(report)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\n\n"])
@pytest.mark.parametrize("inside", ["\u2028", "\u2029", "\x85", "\x1c", "\x0b"])
def test_a_line_of_json_ends_where_the_format_says(inside: str, end: str, tmp_path: Path) -> None:
    """RFC 8259 §7 allows these within a string; a row more would give all behind it another's number."""
    written = [{"target": "a.test", "username": "demo", "password": f"p{inside}w"}, {"target": "b.test"}]
    if inside < " ":  # control characters are escaped
        lines = [json.dumps(row) for row in written]
    else:
        lines = [json.dumps(row, ensure_ascii=False) for row in written]
    file = tmp_path / "trunks"
    file.write_bytes(end.join([*lines, ""]).encode())
    rows = read_rows(str(file))
    assert [row.number for row in rows] == [1, 2]
    first = rows[0]
    assert isinstance(first, SweepRow)
    assert first.credentials is not None
    assert first.credentials.password == f"p{inside}w"
