"""`trunkd provision`: the plan as an operator reads it, and the word that lets it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.trunkd.daemon import run_trunkd
from tests.trunkd.prepared import prepare_store


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


def test_plan_and_apply(tmp_path: Path, livekit_server: LiveKitServer) -> None:
    settings = {
        "TRUNKS_PROVISIONER": "livekit",
        "LIVEKIT_URL": livekit_server.url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
    }
    prepare_store(tmp_path, {})
    refused = run_trunkd("provision", "plan", folder=tmp_path)
    assert (refused.returncode, refused.stderr) == (
        2,
        "trunkd: TRUNKS_PROVISIONER: it is none; nothing is provisioned here.\n",
    )
    livekit_server.add_inbound(numbers=["+4930123456"])
    planned = run_trunkd("provision", "plan", folder=tmp_path, **settings)
    assert (planned.returncode, planned.stdout) == (0, "0 of 1 sides would be written.\n"), planned.stderr
    applied = run_trunkd("provision", "apply", folder=tmp_path, **settings)
    assert applied.stdout == "0 trunks are queued; the workers write their sides.\n", applied.stderr
    for command, told in (
        ("pause", "Provisioning is paused.\n"),
        ("pause", "Provisioning is paused already.\n"),
        ("resume", "Provisioning goes on.\n"),
        ("resume", "Provisioning was not paused.\n"),
    ):
        assert run_trunkd("provision", command, folder=tmp_path, **settings).stdout == told
    unknown = run_trunkd("provision", "apply", "--environment", "acme", folder=tmp_path, **settings)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    livekit_server.stop()
    away = run_trunkd("provision", "plan", "--json", folder=tmp_path, **settings)
    assert (away.returncode, away.stdout) == (1, "")
    assert "cannot be reached" in away.stderr
    assert json.dumps(API_SECRET) not in away.stderr
