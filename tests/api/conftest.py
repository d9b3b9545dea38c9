"""The API over a real store; what the worker would do, the tests do through the same services."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.trunks.forms import Store, make_store, sqlite_template, store, store_settings, without_settings
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings

__all__ = ["make_store", "sqlite_template", "store", "store_settings", "without_settings"]


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    """Wait little for a run that nobody does."""
    return store_settings.model_copy(update={"verify_wait_seconds": 2.0})


@pytest.fixture
async def api(
    make_store: Callable[[Settings], Store], store_settings_of_api: Settings
) -> AsyncIterator[ApiUnderTest]:
    """Give the application over a store on either engine, with a client that has a token."""
    async with AsyncExitStack() as stack:
        under_test = ApiUnderTest(make_store(store_settings_of_api))
        await stack.enter_async_context(under_test.app.router.lifespan_context(under_test.app))
        await stack.enter_async_context(under_test.client)
        yield under_test


@pytest.fixture
def client(api: ApiUnderTest) -> httpx.AsyncClient:
    return api.client


@pytest.fixture
async def make_another_api(
    api: ApiUnderTest,
) -> AsyncIterator[Callable[[], Awaitable[ApiUnderTest]]]:
    """Make applications over the store of `api`, as other processes have them."""
    async with AsyncExitStack() as stack:

        async def make() -> ApiUnderTest:
            settings = api.store.installation.settings
            installation = Installation(settings, clock=api.store.clock)
            stack.callback(installation.close)
            another = ApiUnderTest(api.store, installation)
            await stack.enter_async_context(another.app.router.lifespan_context(another.app))
            await stack.enter_async_context(another.client)
            return another

        yield make
