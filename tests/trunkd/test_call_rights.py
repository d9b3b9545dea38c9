"""`trunkd environment`: who may make test calls, and whither."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.trunks.forms import Store, make_store, sqlite_template, without_settings
from trunkd.commands.tenants import environment_commands
from trunks.installation.settings import Settings, load_settings
from trunks.models.environment import Environment

__all__ = ["make_store", "sqlite_template", "without_settings"]


@pytest.fixture
def store(make_store: Callable[[Settings], Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("TRUNKS_DATA_DIR", str(tmp_path / "var"))
    # What a process sets for itself would hold for the tests behind this one.
    monkeypatch.setattr("trunkd.commands.opened_installation.configure_logs", lambda: None)
    return make_store(load_settings())


def rights(store: Store, name: str) -> tuple[bool, str | None]:
    with store.installation.database.read() as session:
        found = session.query(Environment).filter(Environment.name == name).one()
        return found.allow_test_calls, found.call_countries


def test_calls_are_allowed_and_forbidden(store: Store) -> None:
    def run(*words: str) -> None:
        done = CliRunner().invoke(environment_commands, words)
        assert done.exit_code == 0, done.output

    run("create", "plain")
    assert rights(store, "plain") == (False, None)
    run("create", "caller", "--allow-test-calls", "--call-countries", "de, AT,DE")
    assert rights(store, "caller") == (True, "AT DE")
    run("update", "plain", "--allow-test-calls")
    assert rights(store, "plain") == (True, None)
    run("update", "caller", "--forbid-test-calls")
    assert rights(store, "caller") == (False, "AT DE")
    run("update", "caller", "--call-countries", "")
    assert rights(store, "caller") == (False, None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("update", "acme"), "nothing is to be changed"),
        (("update", "acme", "--call-countries", "Germany"), "'GERMANY' is no country"),
        (("create", "acme", "--call-countries", "DE,XX"), "'XX' is no country"),
    ],
)
def test_what_cannot_be_used_is_told(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(environment_commands, words)
    assert done.exit_code == 2
    assert said in done.output
