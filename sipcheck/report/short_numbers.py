"""Telephone numbers of a report shortened, for readers who are not whom they belong to.

A number keeps its length and its form, so that messages stay messages and their lengths right: the first third of its
digits stays, and the last two; an x stands for each other one.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

from sipcheck.report.model import Report, TraceStep

_FEWEST_DIGITS = 7
_LAST_SHOWN = 2
# A plus sign makes a number of it; else it is one where a URI, an account or a name has it (RFC 3261 §25.1, RFC 3966).
_WITH_PLUS = re.compile(r"\+\d[\d ().-]{5,}\d")
_IN_PLACE = re.compile(
    r"""((?:sips?|tel)(?::|%3a)|\busername\s*=\s*["']?|(?<!=)["'])(\d[\d().-]{5,}\d)(?=[@;>:"'\s?]|$)""",
    re.IGNORECASE,
)
_DIGITS = re.compile(rf"(?<!\d)\d{{{_FEWEST_DIGITS},}}(?!\d)")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")

Value = TypeVar("Value")


def shorten_numbers(report: Report, known: Collection[str] = ()) -> Report:
    """Shorten every telephone number in a report; `known` are some that are numbers wherever they stand."""
    username = report.target.username or ""
    return cast(Report, _Shortening([*known, username]).of(report))


def shorten_text(text: str) -> str:
    """Shorten the telephone numbers in a sentence, as far as they are known by their form."""
    return _Shortening(()).text(text)


class _Shortening:
    def __init__(self, known: Collection[str]) -> None:
        digits = ("".join(filter(str.isdigit, number)) for number in known if _is_number(number))
        self._known = frozenset(each for each in digits if len(each) >= _FEWEST_DIGITS)

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return value if isinstance(value, Enum) else self.text(value)
        if isinstance(value, TraceStep):
            return self._step(value)
        if isinstance(value, tuple):
            return tuple(self.of(each) for each in value)
        if isinstance(value, Mapping):
            return {key: self.of(each) for key, each in value.items()}
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{each.name: self.of(getattr(value, each.name)) for each in fields(value)})
        return value

    def text(self, text: str) -> str:
        text = _WITH_PLUS.sub(lambda match: _shortened(match[0]), text)
        text = _IN_PLACE.sub(self._in_its_place, text)
        return _DIGITS.sub(lambda match: _shortened(match[0]) if match[0] in self._known else match[0], text)

    def _step(self, step: TraceStep) -> TraceStep:
        octets = step.octets
        if octets is not None:
            # Each byte is a character, so that all of them can be had back.
            octets = b64encode(self.text(b64decode(octets).decode("latin-1")).encode("latin-1")).decode(
                "ascii"
            )
        return replace(step, text=self.text(step.text), octets=octets)

    def _in_its_place(self, match: re.Match[str]) -> str:
        before, found = match.groups()
        return f"{before}{found if _ADDRESS.fullmatch(found) else _shortened(found)}"


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\+?[\d ().-]+", text) is not None


def _shortened(number: str) -> str:
    count = sum(map(str.isdigit, number))
    if count < _FEWEST_DIGITS:
        return number
    shown_first, seen, signs = count // 3, 0, []
    for sign in number:
        seen += sign.isdigit()
        hidden = sign.isdigit() and shown_first < seen <= count - _LAST_SHOWN
        signs.append("x" if hidden else sign)
    return "".join(signs)
