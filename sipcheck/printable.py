"""A peer's words, made fit to be shown: nothing steers a terminal, reorders a line or floods a page."""

import re

PHRASE_LIMIT = 120
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Replace what could steer a terminal or reorder a line by U+FFFD; line ends become plain newlines."""
    return _CONTROL.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, limit: int = PHRASE_LIMIT) -> str:
    """Make a peer's own words fit to stand in a sentence: printable, on one line, and at most `limit` characters."""
    shown = " ".join(printable(text).split())
    return shown if len(shown) <= limit else f"{shown[:limit]}…"
