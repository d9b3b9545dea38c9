"""The trunk API answers as a real LiveKit did (docs/design/infrastructure.md, "The contract suite")."""

import pytest

from tests.livekit_contract.installation import opened
from tests.livekit_contract.record import Record
from tests.livekit_contract.trunk_desk import TrunkDesk
from tests.livekit_contract.trunk_scenarios import SCENARIOS
from tests.peers.livekit.server import LiveKitServer

RECORD = Record("trunks")


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_trunks_are_kept_as_a_real_livekit_keeps_them(scenario: str) -> None:
    async with opened(LiveKitServer()) as installation:
        desk = TrunkDesk(installation)
        try:
            await SCENARIOS[scenario](desk)
        finally:
            await desk.clear()
    RECORD.require(scenario, desk.lines)


def test_each_recorded_scenario_is_asked() -> None:
    assert RECORD.answers().keys() == SCENARIOS.keys()
