"""What a worker and the command measured is shown by doctor and to customers, and nothing is left."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from sipcheck.target import HostPort
from tests.peers.livekit.faults import Fault
from tests.peers.livekit.leg import Node
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.ports import free_port
from tests.trunkd.daemon import Trunkd, settings_of_this_process
from tests.trunks.forms import prepare_from, sqlite_template, without_settings
from tests.worker.service import Service
from trunkd.doctor.calls import calls
from trunkd.doctor.checks import CheckFailed
from trunkd.main import app
from trunks.clock import utc_now
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings, load_settings
from trunks.models.infrastructure_check import InfrastructureCheck

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
        "TRUNKS_DATA_DIR": str(tmp_path / "var"),
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


@pytest.mark.parametrize(
    ("method", "fault", "nth"),
    [
        ("ListRooms", Fault.HELD, 1),
        pytest.param("CreateSIPParticipant", Fault.HELD, 1, marks=pytest.mark.long),
        pytest.param("CreateSIPParticipant", Fault.DONE_AND_HELD, 1, marks=pytest.mark.long),
        ("CreateSIPParticipant", Fault.DONE_AND_HELD, 3),
        pytest.param("CreateSIPParticipant", Fault.DONE_AND_HELD, 5, marks=pytest.mark.long),
        pytest.param("DeleteRoom", Fault.HELD, 1, marks=pytest.mark.long),
        ("DeleteRoom", Fault.DONE_AND_HELD, 1),
    ],
)
def test_what_a_killed_check_leaves_goes_with_the_next(
    settings: Settings, livekit_server: LiveKitServer, tmp_path: Path, method: str, fault: Fault, nth: int
) -> None:
    livekit_server.fail(fault, method=method, nth=nth)
    with Trunkd("infrastructure", "check", folder=tmp_path, environment=settings_of_this_process()) as killed:
        killed.wait_until(lambda: [each.method for each in livekit_server.calls].count(method) >= nth)
        killed.kill()
    livekit_server.heal()
    # Nobody measures beside it until its lease is over.
    refused = CliRunner().invoke(app, ["infrastructure", "check"])
    assert refused.exit_code != 0
    with closing(Installation(settings)) as installation, installation.database.write() as session:
        session.execute(update(InfrastructureCheck).values(lease_until=utc_now() - timedelta(seconds=1)))
    again = CliRunner().invoke(app, ["infrastructure", "check", "--json"])
    assert (again.exit_code, json.loads(again.output)["known"]["route"]["answer"]) == (0, "yes"), again.output
    assert (livekit_server.rooms, livekit_server.inbound, livekit_server.outbound) == ({}, {}, {})
