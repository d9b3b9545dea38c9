"""`trunkd doctor` says what waits to be written on the voice infrastructure, and warns where that takes long."""

from collections.abc import Callable

import pytest

from tests.trunks.forms import LIVEKIT_AWAY, Store, make_store, sqlite_template, store_settings
from trunkd.doctor.checks import CheckFailed
from trunkd.doctor.voice import writes
from trunks.installation.settings import Settings
from trunks.models.provision import ProvisionOccasion
from trunks.provisions.requests import ProvisionRequests
from trunks.voice.sides import SideIds

__all__ = ["make_store", "sqlite_template", "store_settings"]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_what_waits_is_told(make_store: Callable[[Settings], Store], store_settings: Settings) -> None:
    assert writes(store_settings) == "not looked at: nothing provisions here."
    settings = store_settings.model_copy(update=LIVEKIT_AWAY)
    store = make_store(settings)
    assert writes(settings) == "no side waits to be written."
    claims = store.installation.provisions.claims
    for number, occasion in enumerate((ProvisionOccasion.GUARD, ProvisionOccasion.MOVE)):
        trunk = store.make_trunk(name=f"Trunk {number}", wanted=True)
        store.provision(trunk.id)
        claim = claims.claim(trunk.id)
        assert claim is not None
        claims.finish(claim, SideIds("ST_in", "ST_out"))
        with store.installation.database.write() as session:
            ProvisionRequests(session, settings.provisioner).lead_anew(trunk.id, store.clock(), occasion)
    told = "2 sides wait to be written at {} (1 for guard, 1 for move)."
    assert writes(settings) == told.format("20 a second")
    assert writes(settings.model_copy(update={"provisioner_rate": 0.0})) == told.format("without a limit")
    with pytest.raises(CheckFailed, match=r"wait to be written at 0\.001 a second") as slow:
        writes(settings.model_copy(update={"provisioner_rate": 0.001}))
    assert slow.value.harmless
    store.installation.provisions.rehearsal.pause()
    assert writes(settings.model_copy(update={"provisioner_rate": 0.001})) == told.format("0.001 a second")
