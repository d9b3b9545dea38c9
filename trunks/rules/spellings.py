"""What is written in several ways: a text in whatever case, with its accents as one character or two; and a host."""

import unicodedata
from typing import Literal

from sipcheck.errors import TargetConflict, TargetInvalid
from sipcheck.target import parse_target

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


def domain_of(text: str) -> str:
    """Give the domain of the destination that a host leads to, in whatever spelling it may be entered, with a port or
    without; a text that is no host is nobody's domain.
    """
    try:
        return parse_target(text).domain
    except (TargetInvalid, TargetConflict):
        return text
