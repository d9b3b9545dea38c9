"""How calls leave, as it is shown by what stands."""

from typing import Any
from uuid import UUID

import pytest

from tests.trunks.forms import STARTED, Store
from trunks.catalog.shown_way import shown_way
from trunks.models.provision import ProvisionState
from trunks.repositories.outbound_ways import KeptWay
from trunks.repositories.trunk_profiles import TrunkParts
from trunks.rules.profile import PLAIN
from trunks.rules.way_evidence import OutboundWay, WayForm, WayProof
from trunks.voice.provisioner import FailureCause
from trunks.voice.sides import SideIds

SIDES = SideIds("ST_in", "ST_out")
PROVISIONED, FAILED = ProvisionState.PROVISIONED, ProvisionState.FAILED


def make_parts(**given: Any) -> TrunkParts:
    values: dict[str, Any] = {
        "serial": 1,
        "profile": PLAIN,
        "sides": SIDES,
        "provisioned": PROVISIONED,
        "cause": None,
        "keeps_former": False,
        "way": None,
    }
    return TrunkParts(**(values | given))


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_what_is_shown(store: Store) -> None:
    trunk = store.make_trunk()
    led = OutboundWay(
        form=WayForm.ROUTE, reason="It is led.", callable=True, host="192.0.2.1", proof=WayProof.OPTIONS
    )
    kept = KeptWay(led, trunk.generation, trunk.gateways[0].destination_id, STARTED)
    former = KeptWay(led, trunk.generation - 1, trunk.gateways[0].destination_id, STARTED)
    elsewhere = KeptWay(led, trunk.generation, UUID(int=1), STARTED)
    unknown = (
        "No verification found the trunk to answer as it is configured now; "
        "mend what the last one says, or verify it."
    )
    for parts, form, can_call, reason in (
        (make_parts(way=kept), WayForm.ROUTE, True, "It is led."),
        (make_parts(way=former), WayForm.AS_GIVEN, None, unknown),
        (make_parts(way=elsewhere), WayForm.AS_GIVEN, None, unknown),
        (make_parts(), WayForm.AS_GIVEN, None, unknown),
        (make_parts(sides=SideIds(), provisioned=None), None, None, None),
        (make_parts(sides=SideIds(), provisioned=FAILED), None, False, "events say why"),
        (make_parts(way=kept, provisioned=FAILED, cause=FailureCause.DOWN), None, None, "events say why"),
        (make_parts(way=kept, provisioned=FAILED, cause=FailureCause.NO_WAY), None, False, "events say why"),
        (make_parts(way=kept, cause=FailureCause.NO_WAY), WayForm.ROUTE, True, "It is led."),
        (make_parts(way=kept, keeps_former=True), None, None, "stands as it was made"),
    ):
        shown = shown_way(trunk, parts)
        assert (None if shown.way is None else shown.way.form, shown.callable) == (form, can_call)
        assert (reason in (shown.reason or "")) if reason else shown.reason is None
        assert shown.proven_at == (STARTED if shown.way is led else None)
