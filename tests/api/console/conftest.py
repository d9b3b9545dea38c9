"""Somebody who is signed in, over a real store."""

from collections.abc import AsyncIterator

import pytest

from tests.api.chromium import browser
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.trunks.forms import form_settings
from tests.worker.conftest import start_service

__all__ = ["browser", "form_settings", "start_service"]


@pytest.fixture
async def visitor(api: ApiUnderTest) -> AsyncIterator[Visitor]:
    async with Visitor(api) as found:
        assert (await found.sign_in()).status_code == 303
        yield found
