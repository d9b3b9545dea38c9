"""The rows of a sweep's file."""

from sipcheck.errors import Unreadable, WrittenInvalid
from sipcheck.phrases.sentence import Sentence
from sipcheck.sweep.row_file import (
    TARGET_COLUMNS,
    Record,
    credentials_of,
    read_records_of,
    target_of,
    values_of,
)
from sipcheck.sweep.sweep import BadRow, SweepRow


def read_rows(file: str) -> list[SweepRow | BadRow]:
    """Read every data row; one that cannot be used is a BadRow. Raises FileUnusable."""
    return [_row(number, record) for number, record in enumerate(read_records_of(file, TARGET_COLUMNS), 1)]


def _row(number: int, record: Record) -> SweepRow | BadRow:
    given = {} if isinstance(record, Unreadable) else record
    shown = str(given.get("target") or f"row {number}")
    username = given.get("username")
    named = username if isinstance(username, str) else None
    try:
        values = values_of(record, TARGET_COLUMNS)
        return SweepRow(number, target_of(values), credentials_of(values))
    except WrittenInvalid as error:
        return BadRow(number, shown, error.sentence, named)
    except Unreadable as error:
        fault = Sentence.of("row.unusable", number=number, fault=error.sentence)
        return BadRow(number, shown, fault, named)
