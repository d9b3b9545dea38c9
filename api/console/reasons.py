"""What the pages of the reasons tell a customer: each in one line, and the steps that he takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import yaml

from api.console.page import FOLDER
from sipcheck.reasons import Reason


@dataclass(frozen=True, slots=True)
class ReasonPage:
    line: str
    steps: Sequence[str]


def page_of_reason(reason: Reason) -> ReasonPage:
    return _pages()[reason]


@cache
def _pages() -> Mapping[Reason, ReasonPage]:
    found = yaml.safe_load((FOLDER / "reasons.yaml").read_text(encoding="utf-8"))
    return {Reason(name): ReasonPage(each["line"], each["steps"]) for name, each in found.items()}
