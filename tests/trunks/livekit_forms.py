"""Settings of an installation that provisions on a LiveKit of the tests'."""

from typing import Any

from pydantic import SecretStr

from sipcheck.guard import EVERY_NAME
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from trunks.installation.settings import Settings
from trunks.voice.provisioner import ProvisionerName


def with_livekit(settings: Settings, server: LiveKitServer, **given: Any) -> Settings:
    """Give the settings with this LiveKit in them."""
    return settings.model_copy(
        update={
            "provisioner": ProvisionerName.LIVEKIT,
            "livekit_url": server.url,
            "livekit_api_key": API_KEY,
            "livekit_api_secret": SecretStr(API_SECRET),
            # Most tests have no DNS, and trunks are not looked up before their sides are made.
            "allow_names": (EVERY_NAME,),
            **given,
        }
    )
