"""Why something did not come about: one value for the guard, the DNS, the transports and the transactions."""

from dataclasses import dataclass
from typing import Self

from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import phrase
from sipcheck.reasons import Cause, Reason


@dataclass(frozen=True, slots=True)
class Failure:
    """A reason of the closed vocabulary, what was observed as a sentence, and the sub-cause if known."""

    reason: Reason
    sentence: Sentence
    cause: Cause | None = None

    @classmethod
    def of(cls, reason: Reason, key: str, cause: Cause | None = None, /, **parameters: object) -> Self:
        """Make one of the key of its sentence and of what was observed."""
        return cls(reason, Sentence.of(key, **parameters), cause)

    @property
    def detail(self) -> str:
        """The sentence, worded in English, without its full stop."""
        return phrase(self.sentence)
