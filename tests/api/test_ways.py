"""How calls leave, shown in every dialect."""

from sqlalchemy import insert, update

from tests.api.client import ApiUnderTest
from tests.trunks.forms import STARTED
from trunks.ids import new_id
from trunks.models.outbound_way import OutboundWayRow
from trunks.models.provision import Provision, ProvisionState, ProvisionStatus
from trunks.models.trunk import Trunk
from trunks.rules.way_evidence import WayForm, WayProof
from trunks.voice.provisioner import ProvisionerName

EDGE = "198.51.100.1:5060/udp"


def provide(api: ApiUnderTest, trunk: Trunk) -> None:
    """Let the trunk have an outbound side, and a way that was proven."""
    with api.store.installation.database.write() as session:
        session.execute(
            insert(Provision).values(
                id=new_id(),
                trunk_id=trunk.id,
                provisioner=ProvisionerName.LIVEKIT,
                status=ProvisionStatus.DONE,
                state=ProvisionState.PROVISIONED,
                revision=1,
                requested_at=STARTED,
                notify_at=STARTED,
                outbound_id="ST_out",
            )
        )
        session.execute(
            insert(OutboundWayRow).values(
                id=new_id(),
                trunk_id=trunk.id,
                destination_id=trunk.gateways[0].destination_id,
                generation=trunk.generation,
                form=WayForm.ROUTE,
                host="198.51.100.1",
                address="198.51.100.1",
                port=5060,
                transport="udp",
                proof=WayProof.OPTIONS,
                can_call=True,
                reason="Calls are led to it.",
                proven_at=STARTED,
            )
        )


async def test_each_dialect_shows_the_same_way_and_takes_it_back_unread(api: ApiUnderTest) -> None:
    trunk = api.store.make_trunk()
    serial = api.store.installation.catalog.views.get(api.store.caller, trunk.id).serial
    pages = (
        f"/api/v1/sip-trunks/{trunk.id}",
        f"/sip-trunks/trunks/{trunk.id}",
        f"/api/user/phone-numbers/sip-trunks/{serial}",
    )

    async def shown(page: str) -> tuple[object, object, object]:
        body = (await api.client.get(page)).json()
        data = body.get("data", body)
        return data["outbound_way"], data["callable"], data["callable_reason"]

    for page in pages:
        assert await shown(page) == (None, "unknown", None)
    provide(api, trunk)
    for page in pages:
        way, arrives, reason = await shown(page)
        assert (arrives, reason) == (True, "Calls are led to it.")
        assert isinstance(way, dict)
        assert way.pop("proven_at").startswith("2026-03-01T12:00:00")
        assert way == {
            "form": "route",
            "edge": EDGE,
            "proof": "options",
            "reason": "Calls are led to it.",
            "password": "sent",
        }
    # Of another configuration it says nothing.
    with api.store.installation.database.write() as session:
        session.execute(update(Trunk).values(generation=Trunk.generation + 1))
    for page in pages:
        way, arrives, reason = await shown(page)
        assert isinstance(way, dict)
        assert (way["form"], way["edge"], way["proof"], way["proven_at"]) == ("as-given", None, None, None)
        assert arrives == "unknown"
        assert "verify it" in str(reason)


async def test_what_is_shown_may_be_sent_back(api: ApiUnderTest) -> None:
    trunk = api.store.make_trunk()
    provide(api, trunk)
    page = f"/api/v1/sip-trunks/{trunk.id}"
    shown = (await api.client.get(page)).json()["data"]
    assert (await api.client.put(page, json=shown | {"callable": False})).status_code == 200
    assert (await api.client.get(page)).json()["data"] == shown
