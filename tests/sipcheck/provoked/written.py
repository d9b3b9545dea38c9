"""How every report that a test provokes is written: as JSON by the published schema, and as packets."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from sipcheck.report.capture import packets_of
from sipcheck.report.json_export import report_to_json_text
from sipcheck.report.json_import import read_report
from sipcheck.report.model import Direction, Report
from sipcheck.report.pcapng import write_pcapng
from tests.sipcheck.pcapng_reader import read_pcapng

_PUBLISHED = Path(__file__).parents[3] / "docs" / "report.schema.json"


@cache
def closed_schema() -> Any:
    """The published schema, with no room for a name that it does not describe."""
    schema = json.loads(_PUBLISHED.read_text(encoding="utf-8"))
    for definition in schema["$defs"].values():
        if definition.get("type") == "object":
            definition.setdefault("additionalProperties", False)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def assert_written(report: Report) -> None:
    """Hold a report against its schema, read it again, and look for each of its messages in its packets."""
    text = report_to_json_text(report)
    assert text is not None
    closed_schema().validate(json.loads(text))
    assert read_report(text.encode()) == report
    _assert_captured(report)


def _assert_captured(report: Report) -> None:
    captured = read_pcapng(b"".join(write_pcapng(packets_of(report), application="test")))
    messages = [step for step in report.trace if step.direction is not Direction.EVENT]
    assert [(packet.source, packet.destination, packet.data, packet.missing) for packet in captured] == [
        (step.source, step.destination, step.message, step.cut_bytes) for step in messages
    ]
