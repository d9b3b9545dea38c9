"""A sentence before it is worded: a key and what was observed, rendered when it is read (diagnosis/sentences.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Sentence:
    """`key` names a template, such as `no-response.silence.summary`; `parameters` are the phrases put into it."""

    key: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, **parameters: object) -> Self:
        """Make one of values that are shown as they are printed."""
        return cls(key, {name: str(value) for name, value in parameters.items()})
