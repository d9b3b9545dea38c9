"""The report as the JSON object that docs/design/command-line.md promises."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from sipcheck.report.model import Report


@cache
def adapter(kind: type) -> TypeAdapter[Any]:
    """What writes and reads values of a dataclass; making it takes milliseconds."""
    return TypeAdapter(kind)


def report_to_json_text(report: Report) -> str | None:
    """The same object as text, made at once; None where a peer's words hold what UTF-8 does not have."""
    try:
        return adapter(Report).dump_json(report).decode("utf-8")
    except PydanticSerializationError:
        return None


def report_to_json(report: Report) -> dict[str, Any]:
    """Turn a report into plain JSON values: moments in RFC 3339 (UTC), times in milliseconds, null for none."""
    return to_json(report)


def to_json(value: Any) -> dict[str, Any]:
    """Turn a value of the report's kinds into plain JSON values."""
    kind: type = type(value)
    exported: dict[str, Any] = adapter(kind).dump_python(value, mode="json")
    return exported
