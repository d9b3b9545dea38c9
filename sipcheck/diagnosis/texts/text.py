"""The words for one reason, or for one of its causes."""

from collections.abc import Mapping
from dataclasses import dataclass

from sipcheck.reasons import Cause, Reason


@dataclass(frozen=True, slots=True)
class Text:
    """A summary of one sentence, and what to do next in one or two; both may name the fields of Facts."""

    summary: str
    advice: str = ""


# By the cause, or by None for the reason without one, and for each of its causes that has no text of its own.
Texts = Mapping[tuple[Reason, Cause | None], Text]
