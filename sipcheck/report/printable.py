"""A peer's words, made fit to be shown: nothing steers a terminal, reorders a line or floods a page."""

import re

PHRASE_LIMIT = 120
# The longest text of a report but for its trace: a summary, an advice, a detail, a peer's own word.
TEXT_LIMIT = 1000
# Control characters, line separators, marks of direction, annotations and tags, and what is no character at all.
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    """Replace what could steer a terminal or reorder a line by U+FFFD; line ends become plain newlines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    # Nothing of what is replaced is printable, and to ask so takes a twentieth of the time.
    if lines.replace("\n", "").replace("\t", "").isprintable():
        return lines
    return _CONTROL.sub("\ufffd", lines)


def bounded(text: str) -> str:
    """Make a text fit to be shown: printable, and at most `TEXT_LIMIT` characters."""
    if len(text) <= TEXT_LIMIT and text.isprintable():
        return text
    return printable(text if len(text) <= TEXT_LIMIT else f"{text[: TEXT_LIMIT - 1]}…")


def one_line(text: str, limit: int = PHRASE_LIMIT) -> str:
    """Make a peer's own words fit to stand in a sentence: printable, on one line, and at most `limit` characters."""
    shown = text if text.isprintable() else printable(text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= limit else f"{shown[:limit]}…"
