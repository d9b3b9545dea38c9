"""A report in a file, as `sipcheck verify --json` wrote it."""

from pathlib import Path

from sipcheck.cli.usage import refuse
from sipcheck.report.json_import import MOST_BYTES, ReportUnreadable, read_report
from sipcheck.report.model import Report


def read_report_file(option: str, file: Path) -> Report:
    """Read it; ends the program where that cannot be."""
    try:
        with file.open("rb") as source:
            return read_report(source.read(MOST_BYTES + 1))
    except OSError as error:
        refuse(f"{option} {str(file)!r}: {error.strerror}; give a report that `sipcheck verify --json` wrote")
    except ReportUnreadable as error:
        refuse(f"{option} {str(file)!r}: {error}")
