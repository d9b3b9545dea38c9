"""A LiveKit on loopback."""

from collections.abc import Iterator

import pytest

from tests.peers.livekit_server import LiveKitServer
from tests.trunks.forms import without_settings

__all__ = ["without_settings"]


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server
