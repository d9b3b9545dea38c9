"""Numbers as the voice infrastructure compares them (docs/design/infrastructure.md, "Trunks")."""

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\+?[0-9\- ()]+")
_SIGNS = str.maketrans("", "", "- ()")
# Shorter ones end many another number.
_FEWEST_DIGITS = 4


def normalised(number: str) -> str:
    """Take spaces, hyphens and parentheses away, and put a `+` before it; what is no number stays as it is."""
    if not _NUMBER.fullmatch(number):
        return number
    return "+" + number.translate(_SIGNS).removeprefix("+")


def are_equal(one: str, other: str) -> bool:
    """Tell whether two numbers are one to the infrastructure."""
    return normalised(one) == normalised(other)


def other_form(written: str, numbers: Iterable[str]) -> str | None:
    """Find the number that a person would take for what is written; None where it is another altogether."""
    plain = _digits(written.partition(";")[0])
    for number in numbers:
        digits = _digits(number)
        shorter, longer = sorted((plain, digits), key=len)
        if len(shorter) >= _FEWEST_DIGITS and longer.endswith(shorter):
            return number
        if written.casefold() == number.casefold():
            return number
    return None


def _digits(text: str) -> str:
    # What is dialled inside a country only stands before the number there.
    return "".join(sign for sign in text if sign in "0123456789").lstrip("0")
