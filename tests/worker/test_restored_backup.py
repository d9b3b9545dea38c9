"""A backup is restored beside a LiveKit that went on: nothing there is changed before the operator says so."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.observed import wait_until
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.ports import free_port
from tests.trunkd.daemon import run_trunkd
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from tests.worker.test_provisioning import ask, make_trunk, reconcile, view
from trunks.installation.settings import DATABASE_FILE_NAME, Settings, load_settings
from trunks.models.provision import ProvisionState
from trunks.models.trunk import Trunk

pytestmark = pytest.mark.peers


@dataclass(frozen=True, slots=True)
class Restored:
    """`kept` is in the backup, and was edited since; the customer of `newer` came since."""

    service: Service
    kept: Trunk
    newer: Trunk
    folder: Path
    livekit: LiveKitServer

    def doctor(self) -> tuple[int, dict[str, str]]:
        """Give the status, and what is said of the sides."""
        status, told = self.run("doctor", "--json")
        findings = [json.loads(line) for line in told.splitlines()]
        return status, next(each for each in findings if each["check"] == "sides")

    def provision(self, *arguments: str) -> tuple[int, str]:
        return self.run("provision", *arguments)

    def run(self, *arguments: str) -> tuple[int, str]:
        done = run_trunkd(
            *arguments,
            folder=self.folder,
            TRUNKS_NAMESERVERS=f"127.0.0.1:{free_port()}",
            TRUNKS_PROVISIONER="livekit",
            LIVEKIT_URL=self.livekit.url,
            LIVEKIT_API_KEY=API_KEY,
            LIVEKIT_API_SECRET=API_SECRET,
        )
        return done.returncode, done.stdout + done.stderr

    def listed(self) -> dict[str, tuple[str, str]]:
        """Give trunk and finding of each side that the operator is told of."""
        status, told = self.provision("list")
        assert status == 0, told
        rows = [line.split("\t") for line in told.splitlines()]
        return {row[0]: (row[2], row[5]) for row in rows}


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


@pytest.fixture
def restored(
    start_service: Callable[[Settings], Service], livekit_server: LiveKitServer, tmp_path: Path
) -> Restored:
    settings = with_livekit(load_settings(data_dir=tmp_path / "var"), livekit_server)
    file, backup = tmp_path / "var" / DATABASE_FILE_NAME, tmp_path / "backup.sqlite"
    first = start_service(settings)
    kept = make_trunk(first)
    _provision(first, kept)
    with closing(sqlite3.connect(file)) as database:
        database.execute("VACUUM INTO ?", (str(backup),))
    newer = make_trunk(first, "+442071234567")
    _provision(first, newer)
    with first.installation.database.write() as session:
        session.get_one(Trunk, kept.id).gateways[0].host = "sip.other.example"
    _provision(first, kept)
    first.stop_worker()
    first.installation.close()
    for suffix in ("", "-wal", "-shm"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, file)
    livekit_server.calls.clear()
    return Restored(start_service(settings), kept, newer, tmp_path, livekit_server)


def _provision(service: Service, trunk: Trunk) -> None:
    ask(service, trunk)
    wait_until(lambda: view(service, trunk).succeeded)


def test_nothing_is_changed_until_the_operator_has_looked(restored: Restored) -> None:
    service, livekit = restored.service, restored.livekit
    reconcile(service)
    addresses = {info.address for info in livekit.outbound.values()}
    assert addresses == {"sip.carrier.example:5060", "sip.other.example:5060"}
    # Not by an edit either, nor by the second, whose request has a number as high as the side's.
    for _ in range(2):
        ask(service, restored.kept)
        wait_until(lambda: view(service, restored.kept).settled)
        assert view(service, restored.kept).state is ProvisionState.FAILED
    reconcile(service)
    assert livekit.changes() == []
    listed = restored.listed()
    # The edit wrote the outbound side alone: the inbound one is as the store knows it.
    assert sorted(listed.values()) == sorted(
        [(str(restored.kept.id), "newer")] + [(str(restored.newer.id), "unknown")] * 2
    )
    status, told = restored.doctor()
    assert (status, told["mark"]) == (1, "failed")
    assert told["detail"].startswith("1 newer, 2 unknown")
    assert "trunkd provision list" in told["mend"]
    assert service.installation.provisions.overview.statistics().findings.keys() >= {"newer", "unknown"}


def test_adopted_sides_are_as_the_store_has_them_and_purged_ones_go(restored: Restored) -> None:
    service, livekit = restored.service, restored.livekit
    reconcile(service)
    unknown = sorted(side for side, (_, why) in restored.listed().items() if why == "unknown")
    status, told = restored.provision("adopt")
    assert status == 1
    assert "1 sides of 1 trunks were adopted." in told
    assert all(side in told for side in unknown)
    wait_until(lambda: view(service, restored.kept).succeeded)
    stands = view(service, restored.kept)
    assert livekit.outbound[stands.outbound_id or ""].address == "sip.carrier.example:5060"
    assert livekit.changes() == ["UpdateSIPOutboundTrunk"]
    # Of what a trunk here has nothing is purged, nor of what somebody else made.
    theirs = livekit.add_inbound(numbers=["+4930123456"])
    for side in (stands.inbound_id or "", theirs):
        status, told = restored.provision("purge", side)
        assert (status, told.count("\n")) == (1, 1)
        assert f"{side} is none of those" in told
    assert restored.provision("purge", *unknown) == (0, "2 sides were taken away.\n")
    assert livekit.inbound.keys() == {stands.inbound_id, theirs}
    assert livekit.outbound.keys() == {stands.outbound_id}
    assert restored.listed() == {}


def test_livekit_away_is_one_line(restored: Restored) -> None:
    restored.livekit.stop()
    status, told = restored.provision("list")
    assert (status, told.count("\n")) == (1, 1)
    assert "cannot be reached" in told
