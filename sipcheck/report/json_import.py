"""A report that was written as JSON, read again: also one of another machine or of an earlier version."""

from pydantic import ValidationError

from sipcheck.errors import CallerError
from sipcheck.report.json_export import adapter
from sipcheck.report.model import Report

MOST_BYTES = 4 * 1024 * 1024


class ReportUnreadable(CallerError):
    """The text is no report as `sipcheck verify --json` writes it."""


def read_report(text: bytes) -> Report:
    """Read a report; fields that this version does not know are passed over. Raises ReportUnreadable."""
    if len(text) > MOST_BYTES:
        raise ReportUnreadable(f"it has more than {MOST_BYTES // 1024 // 1024} MB; give one report")
    try:
        report: Report = adapter(Report).validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        fault = f"{where}: {first['msg']}" if where else first["msg"]
        raise ReportUnreadable(
            f"it is no report ({fault}); give what `sipcheck verify --json` wrote"
        ) from error
    return report
