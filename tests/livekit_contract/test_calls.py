"""Calls are made as a real LiveKit made them (docs/design/infrastructure.md, "The contract suite")."""

import os
from pathlib import Path

import pytest

from tests.livekit_contract import (
    call_scenarios,
    challenge_scenarios,
    media_scenarios,
    name_scenarios,
    tls_scenarios,
)
from tests.livekit_contract.call_desk import CallDesk
from tests.livekit_contract.call_site import open_site
from tests.livekit_contract.installation import named, opened
from tests.livekit_contract.record import Record
from tests.peers.livekit.server import LiveKitServer

TABLES = {
    "calls": call_scenarios.SCENARIOS,
    "challenges": challenge_scenarios.SCENARIOS,
    "media": media_scenarios.SCENARIOS,
    "names": name_scenarios.SCENARIOS,
    "tls": tls_scenarios.SCENARIOS,
    "tls_section": tls_scenarios.SCENARIOS,  # of a SIP service that has a `tls:` section of its own
}
# What a real LiveKit needs for a table beside the key to it.
NEEDED = {
    "names": "LIVEKIT_TEST_RESOLVER",
    "tls": "LIVEKIT_TEST_CERTIFICATES",
    "tls_section": "LIVEKIT_TEST_TLS_SECTION",
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.mark.parametrize(("table", "scenario"), [(table, name) for table in TABLES for name in TABLES[table]])
async def test_calls_are_made_as_a_real_livekit_makes_them(
    table: str, scenario: str, certificates: Path
) -> None:
    for variable in ("LIVEKIT_TEST_LISTEN", NEEDED.get(table)):
        if named() and variable and variable not in os.environ:
            pytest.skip(f"the LiveKit that is asked takes no such calls: {variable} is not set")
    if named() and table == "tls" and NEEDED["tls_section"] in os.environ:
        pytest.skip("the LiveKit that is asked has a tls: section")
    site = open_site(certificates)
    if table.startswith("tls"):
        tls_scenarios.issue_all(site.certificates, site.host)
    double = LiveKitServer(
        nameserver=site.resolver if table in NEEDED else None,
        ca_file=site.certificates / "ca.pem" if table.startswith("tls") else None,
        has_tls_section=table == "tls_section",
    )
    async with opened(double) as installation:
        desk = CallDesk(installation, site.places)
        try:
            await TABLES[table][scenario](desk, site)
        finally:
            await desk.clear()
    Record(table).require(scenario, desk.lines)


@pytest.mark.parametrize("table", TABLES)
def test_each_recorded_scenario_is_asked(table: str) -> None:
    assert Record(table).answers().keys() == TABLES[table].keys()
