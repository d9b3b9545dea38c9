"""The lines from the start line to the empty line, read with every tolerance (RFC 3261 §7.3, §25.1)."""

import re
from dataclasses import dataclass

from sipcheck.errors import MalformedMessage, Unreadable
from sipcheck.message.grammar import WHITESPACE, WORD_CHARACTERS, read_integer
from sipcheck.message.headers import COMPACT_NAMES, Headers

MAXIMUM_CONTENT_LENGTH = 2**32 - 1

_EMPTY_LINE = re.compile(rb"\n\r?\n")
_FOLD = re.compile(r"\r?\n[ \t]++")
_FIELD = re.compile(rf"^([{WORD_CHARACTERS}]++)([ \t]*+):([^\n]*+)", re.MULTILINE)
_LINE_ENDS = re.compile(rb"[\r\n]*+")


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """`body_start` is the offset of the first byte after the empty line."""

    headers: Headers
    body_start: int
    defects: tuple[str, ...]

    @property
    def content_length(self) -> int | None:
        """Content-Length in bytes (§20.14); null when absent.

        Raises MalformedMessage when it is no number, or said twice in different ways.
        """
        try:
            lengths = {
                read_integer(value, MAXIMUM_CONTENT_LENGTH)
                for value in self.headers.get_all("Content-Length")
            }
        except Unreadable as error:
            raise MalformedMessage("message.length", fault=error.sentence) from error
        if len(lengths) > 1:
            raise MalformedMessage("message.two-lengths")
        return lengths.pop() if lengths else None


def skip_line_ends(data: bytes | bytearray) -> int:
    """The offset of the start line: line ends before it are keep-alives (§7.5, RFC 5626 §3.5.1)."""
    found = _LINE_ENDS.match(data)
    return found.end() if found else 0


def unfold(text: str) -> str:
    """Join folded lines by one space (§7.3.1)."""
    return _FOLD.sub(" ", text) if "\n " in text or "\n\t" in text else text


def find_body(data: bytes | bytearray, start: int = 0) -> int | None:
    """The offset behind the first empty line, looked for from `start`; null when there is none."""
    found = _EMPTY_LINE.search(data, start)
    return found.end() if found else None


def read_header_block(data: bytes, start: int = 0) -> HeaderBlock:
    """Read the header lines of the message whose start line begins at `start`.

    Raises MalformedMessage when they are cut short or hold bytes that no tolerance makes usable.
    """
    defects: dict[str, None] = {}
    body_start = find_body(data, start)
    if body_start is None:
        if not data.endswith(b"\n"):
            raise MalformedMessage("message.cut-header")
        defects["missing-empty-line"] = None
        body_start = len(data)
    _, _, text = _lines(data[start:body_start], defects).partition("\n")
    if text[:1] in (" ", "\t"):
        raise MalformedMessage("message.folded-start-line")
    unfolded = unfold(text)
    if unfolded != text:
        defects["folded-header"] = None
    headers = Headers(_fields(unfolded.rstrip("\n"), defects))
    return HeaderBlock(headers, body_start, tuple(defects))


def _lines(block: bytes, defects: dict[str, None]) -> str:
    # surrogateescape: bytes that are not UTF-8 survive, to be hashed and echoed as they came.
    raw = block.decode("utf-8", "surrogateescape")
    text = raw.replace("\r\n", "\n")
    if "\r" in text:
        raise MalformedMessage("message.lone-return")
    if text.count("\n") != len(raw) - len(text):
        defects["bare-lf"] = None
    return text


def _fields(text: str, defects: dict[str, None]) -> tuple[tuple[str, str], ...]:
    fields = _FIELD.findall(text)
    if text and len(fields) <= text.count("\n"):
        # One unreadable line does not take the others with it: a missing field is judged where it is needed.
        defects["unreadable-header"] = None
    for name, space, _ in fields:
        if space:
            defects["space-before-colon"] = None
        if len(name) == 1 and name.lower() in COMPACT_NAMES:
            defects["compact-name"] = None
    return tuple([(name, value.strip(WHITESPACE)) for name, _, value in fields])
