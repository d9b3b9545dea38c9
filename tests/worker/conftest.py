"""The worker in either form: SQLite and the in-process broker, or PostgreSQL and Redis."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.trunks.forms import form_settings, make_store, prepare_from, sqlite_template, without_settings
from tests.worker.service import Service
from trunks.installation.settings import Settings

__all__ = ["form_settings", "make_store", "sqlite_template", "without_settings"]


# What a worker needs as long as it runs: the store that is emptied, the peers that are ended.
_OUTLIVE_THE_WORKER = ("form_settings", "postgres_url", "livekit", "livekit_server")


@pytest.fixture
def start_service(
    request: pytest.FixtureRequest, sqlite_template: Path
) -> Iterator[Callable[[Settings], Service]]:
    """Start a worker beside its store; what is still running ends with the test."""
    for name in _OUTLIVE_THE_WORKER:
        if name in request.fixturenames:
            # What stands before this fixture ends after it.
            request.getfixturevalue(name)
    with ExitStack() as stack:

        def start(settings: Settings) -> Service:
            prepare_from(sqlite_template, settings)
            return stack.enter_context(Service(settings))

        yield start


@pytest.fixture
def service(start_service: Callable[[Settings], Service], form_settings: Settings) -> Service:
    """Give a running worker in either form."""
    return start_service(form_settings)
