"""Phone numbers as LiveKit compares them (docs/design/infrastructure.md, "Trunks")."""

import re

_NUMBER = re.compile(r"\+?[0-9\- ()]+")
_PUNCTUATION = str.maketrans("", "", " -()")


def normalized(number: str) -> str:
    """Take the punctuation away and put a `+` before it; what is no number stays as it is."""
    if not _NUMBER.fullmatch(number):
        return number
    return "+" + number.translate(_PUNCTUATION).removeprefix("+")
