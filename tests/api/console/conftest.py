"""Somebody who is signed in, over a real store."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.peers.programs import find_program
from tests.trunks.forms import form_settings
from tests.worker.conftest import start_service

__all__ = ["form_settings", "start_service"]


@pytest.fixture
async def visitor(api: ApiUnderTest) -> AsyncIterator[Visitor]:
    async with Visitor(api) as found:
        assert (await found.sign_in()).status_code == 303
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's own sandbox needs what a container does not give; what it opens here is ours.
        started = playwright.chromium.launch(
            executable_path=str(find_program("chromium")), args=["--no-sandbox"]
        )
        yield started
        started.close()
