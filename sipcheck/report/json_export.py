"""The report as the JSON object that docs/design/command-line.md promises."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from sipcheck.report.model import Report


@cache
def _adapter() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


def report_to_json_text(report: Report) -> str | None:
    """The same object as text, made at once; None where a peer's words hold what UTF-8 does not have."""
    try:
        return _adapter().dump_json(report).decode("utf-8")
    except PydanticSerializationError:
        return None


def report_to_json(report: Report) -> dict[str, Any]:
    """Turn a report into plain JSON values: moments in RFC 3339 (UTC), times in milliseconds, null for none."""
    exported: dict[str, Any] = _adapter().dump_python(report, mode="json")
    return exported
