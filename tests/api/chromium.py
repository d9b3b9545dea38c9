"""A real browser for pages, started once for a module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.peers.programs import find_program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Chromium's own sandbox needs what a container does not give; what it opens here is ours.
        started = playwright.chromium.launch(
            executable_path=str(find_program("chromium")), args=["--no-sandbox"]
        )
        yield started
        started.close()
