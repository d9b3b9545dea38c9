"""docs/report.schema.json is what reports are: it describes each of them, and nothing in it is lost."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from sipcheck.report.json_import import MOST_BYTES, ReportUnreadable, read_report
from sipcheck.report.json_schema import report_schema
from sipcheck.report.model import Certificate, Check, EdgeReport, Report, TargetFacts, TraceStep

PUBLISHED = Path(__file__).parents[3] / "docs" / "report.schema.json"
AGAIN = "python -m sipcheck.report.json_schema > docs/report.schema.json"

PLAIN: dict[str, Any] = {
    "outcome": "failed",
    "reason": "no-response",
    "cause": "silence",
    "party": "network",
    "credentials": "not-tested",
    "summary": "",
    "advice": "",
    "retry_at": None,
    "target": {
        "domain": "carrier.example",
        "port": None,
        "transport": "udp",
        "username": None,
        "outbound_proxy": None,
    },
    "checks": [],
    "warnings": [],
    "edges": [],
    "trace": [],
    "knocks": 0,
    "started_at": "2026-01-01T00:00:00Z",
    "duration_ms": 1.5,
    "sentences": [{"key": "a", "parameters": {"b": {"key": "c", "parameters": {}}, "d": "e"}}],
}


def test_the_published_schema_is_that_of_the_code() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == report_schema(), f"write it anew: {AGAIN}"


@pytest.mark.parametrize(
    "value",
    [Report, TargetFacts, Check, EdgeReport, Certificate, TraceStep],
    ids=lambda value: value.__name__,
)
def test_every_field_is_there_in_its_order_and_written_always(value: type) -> None:
    described = report_schema()["$defs"][value.__name__]
    names = [field.name for field in fields(value)]
    assert list(described["properties"]) == names
    assert described["required"] == names


def test_a_report_by_hand_is_one() -> None:
    jsonschema_rs.Draft202012Validator(report_schema()).validate(PLAIN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("outcome", "maybe"),
        ("reason", "NO-RESPONSE"),
        ("cause", "nobody-knows"),
        ("party", None),
        ("summary", None),
        ("retry_at", 5),
        ("target", "carrier.example"),
        ("checks", [{"name": "target"}]),
        ("edges", [{}]),
        ("duration_ms", "1.5"),
        ("sentences", [{"key": "a", "parameters": {"b": 1}}]),
    ],
)
def test_another_value_is_none(name: str, value: object) -> None:
    assert not jsonschema_rs.Draft202012Validator(report_schema()).is_valid({**PLAIN, name: value})


@pytest.mark.parametrize("name", PLAIN)
def test_a_report_without_a_field_is_none(name: str) -> None:
    rest = {key: value for key, value in PLAIN.items() if key != name}
    assert not jsonschema_rs.Draft202012Validator(report_schema()).is_valid(rest)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "it is no report (Invalid JSON"),
        (b"\xff", "it is no report (Invalid JSON"),
        (b"[]", "it is no report (Input should be an object"),
        (b"{}", "it is no report (outcome: Field required)"),
        (json.dumps({**PLAIN, "reason": "no-such"}).encode(), "it is no report (reason: "),
        (json.dumps({**PLAIN, "edges": [{}]}).encode(), "it is no report (edges.0.host: Field required)"),
        (b" " * (MOST_BYTES + 1), "more than 4 MB"),
        (b'{"new":' + b"[" * 100_000, "it is no report (Invalid JSON"),
    ],
    ids=["empty", "bytes", "array", "object", "reason", "edge", "long", "deep"],
)
def test_what_is_no_report_is_told(text: bytes, told: str) -> None:
    with pytest.raises(ReportUnreadable) as caught:
        read_report(text)
    assert told in str(caught.value)


def test_a_report_of_a_later_version_is_read_without_what_is_new() -> None:
    assert read_report(json.dumps({**PLAIN, "new": [1]}).encode()).reason == "no-response"
