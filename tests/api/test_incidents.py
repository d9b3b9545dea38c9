"""Incidents over HTTP."""

from uuid import UUID, uuid4

import pytest

from tests.api.client import ApiUnderTest
from tests.trunks.forms import make_report
from tests.trunks.health_watch import HealthWatch

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

URL = "/api/v1/incidents"


async def test_the_way_of_an_incident(api: ApiUnderTest) -> None:
    watch = HealthWatch(api.store)
    trunk = await api.create(port=5060, transport="udp")
    await api.verified(trunk["id"], make_report())
    while not api.store.trunk(UUID(trunk["id"])).health_down:
        watch.cycle(alive=False)
    api.store.installation.people.flip_follower.turn()
    (shown,) = (await api.client.get(f"{URL}?open=true")).json()["data"]
    assert (shown["reason"], shown["closed_at"], shown["changed"]) == ("no-response", None, [])
    assert (shown["concerned"], shown["elsewhere"]) == ({"trunks": 1, "of": 1}, None)
    assert shown["timeline"][-1]["trunk_id"] == trunk["id"]
    for url in (f"{URL}?trunk_id={trunk['id']}", f"/api/v1/sip-trunks/{trunk['id']}/incidents"):
        assert (await api.client.get(url)).json()["data"] == [shown]
    assert (await api.client.get(f"{URL}/{shown['id']}")).json()["data"] == shown
    letter = await api.client.get(f"{URL}/{shown['id']}/letter")
    assert letter.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert letter.text.startswith(shown["cause"])
    assert (await api.client.get(f"{URL}?open=false")).json()["data"] == []
    for url, code in (
        (f"{URL}/{uuid4()}", "INCIDENT_NOT_FOUND"),
        (f"{URL}/none/letter", "INCIDENT_NOT_FOUND"),
        (f"{URL}?trunk_id={uuid4()}", "TRUNK_NOT_FOUND"),
        (f"/api/v1/sip-trunks/{uuid4()}/incidents", "TRUNK_NOT_FOUND"),
    ):
        answer = await api.client.get(url)
        assert (answer.status_code, answer.json()["code"]) == (404, code), url
