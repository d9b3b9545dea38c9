"""The store on both engines, and a LiveKit on loopback."""

from collections.abc import Iterator

import pytest

from tests.peers.livekit.server import LiveKitServer
from tests.trunks.forms import make_store, sqlite_template, store, store_settings, without_settings

__all__ = ["make_store", "sqlite_template", "store", "store_settings", "without_settings"]


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server
