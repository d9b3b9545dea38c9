"""The JSON Schema of the report, made of its values: `python -m sipcheck.report.json_schema` prints it.

It is published as docs/report.schema.json. Fields and names are added to it, never renamed or removed; whoever reads
reports passes over what he does not know.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sipcheck.phrases.sentence import Sentence
from sipcheck.report.json_export import adapter
from sipcheck.report.model import (
    Certificate,
    Check,
    EdgeReport,
    Report,
    ReportWarning,
    TargetFacts,
    TraceStep,
)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VALUES = (Report, TargetFacts, Check, ReportWarning, EdgeReport, Certificate, TraceStep, Sentence)


def report_schema() -> dict[str, Any]:
    """Describe the report as it is written: every field is there, in this order."""
    made = adapter(Report).json_schema(mode="serialization")
    definitions = made.pop("$defs")
    described = {Report.__name__: made, **definitions}
    for value in _VALUES:
        described[value.__name__] = _as_written(described[value.__name__], value)
    named = {name: described[name] for name in sorted(described)}
    return {
        "$schema": _DIALECT,
        "title": "Report of sipcheck",
        "$ref": f"#/$defs/{Report.__name__}",
        "$defs": named,
    }


def _as_written(definition: Mapping[str, Any], value: type) -> dict[str, Any]:
    names = [field.name for field in fields(value)]
    properties = {name: _property(definition["properties"][name]) for name in names}
    return {**definition, "properties": properties, "required": names}


def _property(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: each for key, each in given.items() if key not in ("default", "title")}


if __name__ == "__main__":
    json.dump(report_schema(), sys.stdout, indent=2)
    sys.stdout.write("\n")
