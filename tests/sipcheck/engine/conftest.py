"""The engine runs on asyncio's loop and on uvloop: what touches a socket of each kind is tested on both."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

_ON_BOTH_LOOPS = frozenset({"test_kamailio", "test_tls", "test_streams"})


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.stem in _ON_BOTH_LOOPS:
        factories["uvloop"] = uvloop.new_event_loop
    return factories
