"""What the console says of reasons is what their pages say."""

import yaml

from api.console.reasons import page_of_reason
from sipcheck.reasons import Reason
from tests.api.console.reason_steps import COPY, read_pages


def test_the_copy_says_what_the_pages_say() -> None:
    """Where it does not: python tests/api/console/reason_steps.py."""
    assert yaml.safe_load(COPY.read_text(encoding="utf-8")) == read_pages()


def test_every_reason_has_a_line_and_steps() -> None:
    for reason in Reason:
        page = page_of_reason(reason)
        assert page.line.endswith(".")
        assert page.steps
