"""A text in whatever case, and with its accents as one character or two."""

import unicodedata
from typing import Literal

_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")


def spelled_alike(text: str) -> str:
    """Give a regular expression of all spellings of a text, the same to Python and to PostgreSQL, whatever its locale
    knows of letters.
    """
    return "".join(map(_alike, unicodedata.normalize("NFC", text)))


def _alike(sign: str) -> str:
    cases = (sign, sign.lower(), sign.upper(), sign.casefold())
    spellings = dict.fromkeys(unicodedata.normalize(form, case) for case in cases for form in _FORMS)
    return f"(?:{'|'.join(map(_escaped, spellings))})"


def _escaped(text: str) -> str:
    """Take the meaning from each sign that may have one; before a letter or digit a backslash would give it one."""
    return "".join(f"\\{sign}" if sign.isascii() and not sign.isalnum() else sign for sign in text)
