"""A sentence before it is worded: a key and what was observed, rendered when it is read (diagnosis/sentences.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sentence:
    """`key` names a template, such as `no-response.silence.summary`; `parameters` are the phrases put into it."""

    key: str
    parameters: Mapping[str, str] = field(default_factory=dict)
