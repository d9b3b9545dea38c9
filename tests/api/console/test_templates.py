"""The console's templates say nothing that cannot be translated."""

import re
from pathlib import Path

import pytest

from api.console.page import FOLDER

# A unit is written alike.
_WORD = re.compile(r"(?!ms\b)\b[A-Za-z]{2,}.*")
TEMPLATES = sorted((FOLDER / "templates").glob("*.html"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_every_text_of_a_template_can_be_translated(file: Path) -> None:
    """What stands between tags, and what is read aloud or shown of them, comes out of an expression."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", file.read_text("utf-8"), flags=re.DOTALL)
    spoken = re.findall(r'(?:aria-label|placeholder|title|data-label)="([^"]*)"', text)
    between = re.sub(r"<[^>]*>|[a-z-]+=\"[^\"]*\"", "", text)
    assert not _WORD.search(between), _WORD.findall(between)
    assert not [each for each in spoken if re.search(r"[A-Za-z]", each)]
