"""The engine runs on asyncio's loop and on uvloop, and over UDP by the plain path and by the window.

What touches a socket of each kind is tested on both loops, and what speaks UDP on both paths.
"""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

_ON_BOTH_LOOPS = frozenset({"test_kamailio", "test_kamailio_calls", "test_tls", "test_streams"})


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.stem in _ON_BOTH_LOOPS:
        factories["uvloop"] = uvloop.new_event_loop
    return factories


_ON_BOTH_PATHS = frozenset(
    {
        "test_cancellation",
        "test_credentials_care",
        "test_failover",
        "test_kamailio",
        "test_large_requests",
        "test_odd_peers",
        "test_own_stall",
        "test_sipp",
        "test_trace_evidence",
    }
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    on_both = metafunc.definition.path.stem in _ON_BOTH_PATHS
    if on_both and "windowed" in metafunc.fixturenames:
        metafunc.parametrize("windowed", [False, True], ids=["plain", "windowed"])
