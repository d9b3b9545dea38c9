"""What the pages of the reasons tell a customer: each in one line, and the steps that he takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import yaml

from api.console.page import FOLDER
from api.language.languages import Language, current_language
from sipcheck.reasons import Reason


@dataclass(frozen=True, slots=True)
class ReasonPage:
    line: str
    steps: Sequence[str]


def page_of_reason(reason: Reason) -> ReasonPage:
    return _pages(current_language())[reason]


@cache
def _pages(language: Language) -> Mapping[Reason, ReasonPage]:
    name = "reasons.yaml" if language is Language.ENGLISH else f"reasons.{language}.yaml"
    found = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return {Reason(name): ReasonPage(each["line"], each["steps"]) for name, each in found.items()}
