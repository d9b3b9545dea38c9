"""A sentence before it is worded: a key and what was observed, rendered when it is read (diagnosis/sentences.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, TypeAlias

# What stands in a sentence: a value as it was seen, or a sentence of its own.
Parameter: TypeAlias = "str | Sentence"


@dataclass(frozen=True, slots=True)
class Sentence:
    """`key` names a template, such as `no-response.silence.summary`; `parameters` are put into it.

    A parameter is a value (an address, a code, a peer's own word) or another sentence; never words of ours.
    """

    key: str
    parameters: Mapping[str, "str | Sentence"] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, /, **parameters: object) -> Self:
        """Make one of sentences, and of values that are shown as they are printed."""
        return cls(
            key,
            {
                name: value if isinstance(value, Sentence) else str(value)
                for name, value in parameters.items()
            },
        )
