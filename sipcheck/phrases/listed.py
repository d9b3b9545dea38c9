"""Several things in one place of a sentence, which each language joins in its own way."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from sipcheck.phrases.sentence import Sentence

Thing = TypeVar("Thing", str, Sentence)

LISTED: Mapping[str, str] = {
    "listed.and": "{first} and {rest}",
    "listed.or": "{first} or {rest}",
    "listed.comma": "{first}, {rest}",
    "listed.semicolon": "{first}; {rest}",
    "listed.more": "{count} more",
    "listed.left-out": "…",
}

# Peers decide how many there are, and nobody reads more.
_MOST = 8


class Joint(StrEnum):
    """What stands between two of several things."""

    AND = "and"
    OR = "or"
    COMMA = "comma"
    SEMICOLON = "semicolon"


def listed(things: Sequence[Thing], joint: Joint) -> Thing | Sentence:
    """Join at least one thing with the others; of too many the last ones are left out, and `…` says so."""
    shown: list[Thing | Sentence] = list(things[:_MOST])
    if len(things) > _MOST:
        shown.append(Sentence("listed.left-out"))
    joined = shown.pop()
    while shown:
        joined = Sentence(f"listed.{joint}", {"first": shown.pop(), "rest": joined})
    return joined
