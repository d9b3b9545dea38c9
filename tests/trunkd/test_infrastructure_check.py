"""What a worker and the command measured is shown by doctor and to customers, and nothing is left."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipcheck.target import HostPort
from tests.peers.livekit.leg import Node
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.ports import free_port
from tests.trunks.forms import prepare_from, sqlite_template, without_settings
from tests.worker.service import Service
from trunkd.doctor.calls import calls
from trunkd.doctor.checks import CheckFailed
from trunkd.main import app
from trunks.installation.settings import Settings, load_settings

__all__ = ["sqlite_template", "without_settings"]

WITHIN_SECONDS = 30.0


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


@pytest.fixture
def place() -> HostPort:
    return HostPort("127.0.0.1", free_port(in_a_row=2))


@pytest.fixture
def settings(
    livekit_server: LiveKitServer,
    place: HostPort,
    sqlite_template: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Settings:
    for name, value in {
        "TRUNKS_DATA_DIR": str(tmp_path),
        "TRUNKS_PROVISIONER": "livekit",
        "LIVEKIT_URL": livekit_server.url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
        "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
        "TRUNKS_INFRASTRUCTURE_LISTEN": str(place),
    }.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    prepare_from(sqlite_template, settings)
    return settings


def test_a_worker_measures_and_an_operator_again(settings: Settings, livekit_server: LiveKitServer) -> None:
    assert calls(settings).startswith("not measured; ")
    with Service(settings) as service:
        turns = service.installation.provisions.check_turns
        deadline = time.monotonic() + WITHIN_SECONDS
        while turns.facts().route is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        trunk = service.store.make_trunk()
        shown = service.installation.catalog.connections.of(service.store.caller, trunk.id)
        assert [each.address for each in shown.call_addresses] == ["127.0.0.1"]
        assert shown.call_addresses[0].measured_at is not None
    assert "a Route is obeyed" in calls(settings)
    assert livekit_server.rooms == {}
    livekit_server.nodes = [Node(heeds_route=False)]
    again = CliRunner().invoke(app, ["infrastructure", "check"])
    assert (again.exit_code, "nothing is changed: with --accept" in again.output) == (0, True), again.output
    with pytest.raises(CheckFailed) as changed:
        calls(settings)
    assert changed.value.harmless
    accepted = CliRunner().invoke(app, ["infrastructure", "check", "--accept", "--json"])
    assert json.loads(accepted.output)["known"]["route"]["answer"] == "no"
    with pytest.raises(CheckFailed, match="a Route is ignored"):
        calls(settings)
    assert livekit_server.rooms == {}


@pytest.mark.parametrize(
    ("options", "status", "told"),
    [
        (["--listen", "127.0.0.1"], 2, "needs a port"),
        (["--listen", "sip.example:5070"], 2, "names no IPv4 address"),
        (["--listen", "0.0.0.0:5070"], 2, "give with --reach"),
        (["--listen", "127.0.0.1:65535"], 2, "the one after it is used too"),
        (["--reach", "[2001:db8::1]:5070"], 2, "cannot be called"),
        (["--listen", "192.0.2.1:5070"], 2, "cannot be listened for"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(
    settings: Settings, options: list[str], status: int, told: str
) -> None:
    refused = CliRunner().invoke(app, ["infrastructure", "check", *options])
    assert (refused.exit_code, told in refused.output) == (status, True), refused.output
    assert refused.output.count("\n") == 1
