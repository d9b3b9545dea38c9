"""The first line: what decides whether the bytes are SIP at all (RFC 3261 §7.1, §7.2)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from sipcheck.errors import MalformedMessage, NotSip
from sipcheck.message.grammar import WHITESPACE, WORD_CHARACTERS, is_token

_STATUS_LINE = re.compile(r"SIP/2\.0[ \t]++([0-9]{3})(?:([ \t])(.*))?", re.ASCII | re.IGNORECASE | re.DOTALL)
_VERSION = re.compile(r"SIP/", re.ASCII | re.IGNORECASE)
_URI = re.compile(r'[^\x00-\x20\x7f<>"]+')
_OPENING = re.compile(rf"SIP/|[{WORD_CHARACTERS}]++(?:[ \t]|\Z)".encode(), re.IGNORECASE)
_OPENING_BYTES = 64


@dataclass(frozen=True, slots=True)
class RequestLine:
    method: str
    uri: str
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusLine:
    status: int
    phrase: str
    defects: tuple[str, ...] = ()


def may_open_sip(data: bytes | bytearray) -> bool:
    """Tell whether bytes without a line end yet may become a start line; false is final."""
    return _OPENING.match(data, 0, _OPENING_BYTES) is not None


def parse_start_line(line: str) -> RequestLine | StatusLine:
    """Read a start line without its line end.

    Raises NotSip when it is neither a status line nor a request line ending in a SIP version, and
    MalformedMessage when it is one that cannot be used.
    """
    if _VERSION.match(line):
        return _parse_status_line(line)
    words = [word for word in line.replace("\t", " ").split(" ") if word]
    if len(words) < 3 or not is_token(words[0]) or not line.startswith(words[0]):
        raise NotSip
    if not _VERSION.match(words[-1]):
        raise NotSip
    if words[-1].upper() != "SIP/2.0":
        raise MalformedMessage("message.other-version")
    uri = " ".join(words[1:-1])
    if not _URI.fullmatch(uri):
        raise MalformedMessage("message.request-uri")
    return RequestLine(words[0], uri, _defects(line, f"{words[0]} {uri} {words[-1]}", words[-1]))


# Nearly all are one of a few; the others may be long, so that not many are kept.
@lru_cache(maxsize=64)
def _parse_status_line(line: str) -> StatusLine:
    found = _STATUS_LINE.fullmatch(line)
    if found is None or not "100" <= found[1] <= "699":
        raise MalformedMessage("message.status-line")
    phrase = (found[3] or "").strip(WHITESPACE)
    version = line[:7]
    defects = _defects(line[:11], f"{version} {found[1]}", version)
    if not phrase:
        defects = (*defects, "missing-reason-phrase")
    return StatusLine(int(found[1]), phrase, defects)


def _defects(line: str, expected: str, version: str) -> tuple[str, ...]:
    defects = []
    if line != expected:
        defects.append("start-line-whitespace")
    if version != "SIP/2.0":
        defects.append("lower-case-version")
    return tuple(defects)
