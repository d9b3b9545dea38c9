"""The provisioner that the settings name."""

import sys

import pytest

from tests.peers.livekit.server import LiveKitServer
from tests.trunks.livekit_forms import with_livekit
from trunks.errors import SettingsInvalid
from trunks.installation.provisioner_choice import make_provisioner
from trunks.installation.settings import load_settings
from trunks.voice.livekit import LiveKit


def test_none_is_none_and_nothing_is_marked() -> None:
    def mark() -> str:
        raise AssertionError("nothing is marked")

    assert make_provisioner(load_settings(), mark=mark) is None


def test_livekit_is_livekit(livekit_server: LiveKitServer) -> None:
    settings = with_livekit(load_settings(), livekit_server)
    assert isinstance(make_provisioner(settings, mark=lambda: "here"), LiveKit)


def test_a_missing_extra_is_named_with_its_installation(
    livekit_server: LiveKitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "trunks.voice.livekit")
    monkeypatch.setitem(sys.modules, "livekit.api", None)
    settings = with_livekit(load_settings(), livekit_server)
    with pytest.raises(SettingsInvalid, match=r"livekit\.api is not installed\. .*'sipcheck\[livekit\]'"):
        make_provisioner(settings, mark=lambda: "here")
