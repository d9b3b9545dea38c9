"""A file with a trunk a row: CSV with a header, or JSON lines."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sipcheck.credentials import Credentials
from sipcheck.errors import CallerError, Unreadable
from sipcheck.target import Target, TransportName, parse_target

TARGET_COLUMNS = (
    "target",
    "transport",
    "port",
    "username",
    "auth_username",
    "password",
    "realm",
    "outbound_proxy",
)
_FIELD_CHARACTERS = 10_000
_LINE_END = re.compile(r"[\r\n]+")
_TRANSPORTS = tuple(transport.value for transport in TransportName)


class FileUnusable(CallerError):
    """The file is neither CSV with the known columns nor JSON lines."""


# What a row holds, or why it cannot be read.
Record = Mapping[str, Any] | Unreadable


def _records(text: str, columns: Sequence[str], *, needed: Sequence[str] = ("target",)) -> list[Record]:
    """Read every data row, in their order.

    Raises FileUnusable for a file without rows, without one of the columns `needed`, or with a column nobody knows.
    """
    content = text.removeprefix("\ufeff")
    first = content.lstrip()[:1]
    records = list(_json_lines(content) if first == "{" else _csv(content, columns, needed)) if first else []
    if not records:
        raise FileUnusable(f"it holds no row; give CSV with a header ({','.join(columns)}) or JSON lines")
    return records


def read_records_of(
    file: str, columns: Sequence[str], *, needed: Sequence[str] = ("target",)
) -> list[Record]:
    """Read a file in UTF-8, - for standard input. Raises FileUnusable, which names it."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return _records(data.decode("utf-8"), columns, needed=needed)
    except OSError as error:
        raise FileUnusable(
            f"{file!r} cannot be read: {error.strerror}; give a readable file, or - for standard input"
        ) from error
    except UnicodeDecodeError as error:
        raise FileUnusable(
            f"{file!r} cannot be used: it is no text in UTF-8 (byte {error.start}); save it as CSV in UTF-8"
        ) from error
    except FileUnusable as error:
        raise FileUnusable(f"{file!r} cannot be used: {error}") from error


def _csv(content: str, columns: Sequence[str], needed: Sequence[str]) -> Iterator[Record]:
    # A field that nobody can mean makes a bad row of its own (`row.long`), and no bad file.
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_columns(header, columns, needed)
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if len(values) > len(header):
                yield Unreadable("row.surplus", count=len(values), columns=len(header))
                continue
            yield dict(zip(header, values, strict=False))
    except csv.Error as error:
        raise FileUnusable(
            f"line {reader.line_num} is no CSV: {error}; mend it, or give JSON lines"
        ) from error


def _check_columns(header: Sequence[str], columns: Sequence[str], needed: Sequence[str]) -> None:
    missing = next((name for name in needed if name not in header), None)
    if missing is not None:
        first = "the first" if len(needed) == 1 else f"the first {len(needed)}"
        raise FileUnusable(
            f"the header in its first line has no column {missing!r}; "
            f"the columns are {','.join(columns)}, all but {first} optional"
        )
    unknown = [name for name in header if name not in columns]
    if unknown:
        raise FileUnusable(f"column {_shown(unknown[0])} is not known; the columns are {','.join(columns)}")
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice is not None:
        raise FileUnusable(f"column {twice!r} stands in the header more than once; leave one")


def _json_lines(content: str) -> Iterator[Record]:
    # Not by `splitlines`: JSON allows U+2028 and its like within a string.
    for line in _LINE_END.split(content):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            yield Unreadable("row.no-object")
            continue
        yield record if isinstance(record, dict) else Unreadable("row.no-object")


def values_of(record: Record, columns: Sequence[str]) -> dict[str, str]:
    """Take the values as text; an empty one counts as not given. Raises Unreadable naming the column."""
    if isinstance(record, Unreadable):
        raise record
    values: dict[str, str] = {}
    for name, value in record.items():
        if name not in columns:
            raise Unreadable("row.column", name=_shown(name), columns=",".join(columns))
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Unreadable("row.no-text", name=name)
        if len(str(value)) > _FIELD_CHARACTERS:
            raise Unreadable("row.long", name=name, count=len(str(value)), most=_FIELD_CHARACTERS)
        values[name] = str(value) if name == "password" else str(value).strip()
    return values


def target_of(values: Mapping[str, str]) -> Target:
    """Read where a row leads. Raises Unreadable, TargetInvalid, TargetConflict."""
    if not values.get("target"):
        raise Unreadable("row.no-target")
    transport = values.get("transport", "").lower() or None
    if transport is not None and transport not in _TRANSPORTS:
        raise Unreadable("row.transport", value=_shown(transport))
    port = values.get("port")
    if port is not None and not (port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535):
        raise Unreadable("row.port", value=_shown(port))
    return parse_target(
        values["target"],
        transport=TransportName(transport) if transport else None,
        port=int(port) if port else None,
        outbound_proxy=values.get("outbound_proxy"),
    )


def credentials_of(values: Mapping[str, str]) -> Credentials | None:
    """Read what a row proves; None for nothing. Raises Unreadable, CredentialsInvalid."""
    username, password = values.get("username"), values.get("password")
    if username is None:
        lonely = next((name for name in ("password", "auth_username", "realm") if name in values), None)
        if lonely is not None:
            raise Unreadable("row.without-username", name=lonely)
        return None
    if password is None:
        raise Unreadable("row.without-password", value=_shown(username))
    realm = values.get("realm")
    return Credentials(username, password, values.get("auth_username"), (realm,) if realm else ())


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
