"""What ends a call, as its row keeps it."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from sipcheck.transaction.invite.call_mark import CallMark

_MARKS: TypeAdapter[tuple[CallMark, ...]] = TypeAdapter(tuple[CallMark, ...])


def write_marks(marks: Sequence[CallMark]) -> list[Any]:
    written: list[Any] = _MARKS.dump_python(tuple(marks), mode="json")
    return written


def read_marks(written: list[Any] | None) -> tuple[CallMark, ...]:
    """Read them back; none where nothing had left."""
    return () if written is None else _MARKS.validate_python(written)
