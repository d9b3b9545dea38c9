"""A shell completes commands and options: `sipcheck --install-completion` puts this into it."""

import pytest
from typer.testing import CliRunner

from sipcheck.cli.main import app


@pytest.mark.parametrize(
    ("words", "place", "offered"),
    [
        ("sipcheck na", "1", {"nagios"}),
        ("sipcheck verify --pass", "2", {"--password-env", "--password-file", "--password-stdin"}),
        ("sipcheck sweep --format j", "3", {"jsonl", "junit"}),
    ],
)
def test_what_bash_is_offered(words: str, place: str, offered: set[str]) -> None:
    environment = {"_SIPCHECK_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": place}
    result = CliRunner().invoke(app, [], prog_name="sipcheck", env=environment)
    assert set(result.stdout.split()) == offered
