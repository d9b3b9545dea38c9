"""Somebody who is signed in, over a real store."""

from collections.abc import AsyncIterator

import pytest

from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor


@pytest.fixture
async def visitor(api: ApiUnderTest) -> AsyncIterator[Visitor]:
    async with Visitor(api) as found:
        assert (await found.sign_in()).status_code == 303
        yield found
