"""An installation that provisions on a LiveKit of the tests', on both engines."""

from collections.abc import Callable

import pytest

from tests.peers.livekit.server import LiveKitServer
from tests.trunks.forms import Store
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import Installed
from trunks.installation.settings import Settings


@pytest.fixture
def installed(
    make_store: Callable[[Settings], Store], store_settings: Settings, livekit_server: LiveKitServer
) -> Installed:
    return Installed(make_store(with_livekit(store_settings, livekit_server)), livekit_server)
