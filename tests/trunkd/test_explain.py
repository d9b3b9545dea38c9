"""`trunkd explain`: an INVITE of a log, over what stands there for all tenants."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit.protocol.sip import SIPDispatchRuleInfo
from typer.testing import CliRunner

from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from trunkd.main import app

INVITE = """INVITE sip:+14155551234@sip.platform.example SIP/2.0
From: <sip:+442071234567@203.0.113.7>;tag=1
To: <sip:trunk_42@sip.platform.example>
"""


@pytest.fixture
def livekit_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        for name, value in {
            "TRUNKS_PROVISIONER": "livekit",
            "LIVEKIT_URL": server.url,
            "LIVEKIT_API_KEY": API_KEY,
            "LIVEKIT_API_SECRET": API_SECRET,
        }.items():
            monkeypatch.setenv(name, value)
        yield server


def run(*arguments: str, text: str = INVITE) -> tuple[int, str]:
    # Typer's own errors go to the terminal; ours to standard error, which is mixed in here.
    found = CliRunner().invoke(app, ["explain", *arguments], input=text)
    return found.exit_code, found.output


def test_an_invite_of_a_log_is_explained(
    tmp_path: Path, livekit_server: LiveKitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    side = livekit_server.add_inbound(numbers=["+14155551234"])
    livekit_server.add_inbound(numbers=["+442079999999"])
    livekit_server.dispatch_rules.append(SIPDispatchRuleInfo(sip_dispatch_rule_id="SDR_0", trunk_ids=[side]))
    file = tmp_path / "invite.txt"
    file.write_text(INVITE)
    status, out = run(str(file), "--source-ip", "203.0.113.7")
    assert (status, out.splitlines()[0]) == (1, "No trunk takes it.")
    assert f"{side} (not made here): number-in-request-uri-only: " in out
    assert out.count("\n") == 2
    mended = INVITE.replace("trunk_42", "14155551234")
    status, out = run("-", "--source-ip", "203.0.113.7", text=mended)
    assert (status, out) == (0, f"Taken by {side} (not made here), by its number.\n")
    status, out = run("-", "--source-ip", "203.0.113.7", "--json", text=mended)
    assert json.loads(out)["matched"] == {"side_id": side, "trunk_id": None, "environment_id": None}
    livekit_server.dispatch_rules[0].trunk_ids[:] = []
    status, out = run(str(file), "--source-ip", "203.0.113.7")
    assert (status, "wildcard-rule: " in out) == (1, True)


def test_what_is_no_invite_and_what_is_no_source_are_refused(
    tmp_path: Path, livekit_server: LiveKitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    for arguments, text, told in (
        (("-", "--source-ip", "203.0.113.7"), "hello", "no INVITE"),
        (("-", "--source-ip", "carrier"), INVITE, "no IP address"),
        (("missing.txt", "--source-ip", "203.0.113.7"), "", "cannot be read"),
    ):
        status, out = run(*arguments, text=text)
        assert (status, told in out) == (2, True), out
