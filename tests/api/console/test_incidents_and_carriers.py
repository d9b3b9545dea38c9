"""What fell, the letter to the carrier, and where the trunks lead: one's own alone."""

import re
from uuid import UUID, uuid4

import pytest

from api.console import carrier_routes
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.trunks.forms import make_report
from tests.trunks.health_watch import HealthWatch
from trunks.people.incident_view import IncidentView

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

INCIDENTS, CARRIERS = "/console/incidents", "/console/carriers"


async def fallen(api: ApiUnderTest) -> tuple[UUID, IncidentView]:
    """A trunk that worked and went down, and the incident that this is."""
    watch = HealthWatch(api.store)
    trunk_id = UUID((await api.create(port=5060, transport="udp"))["id"])
    await api.verified(str(trunk_id), make_report())
    while not api.store.trunk(trunk_id).health_down:
        watch.cycle(alive=False)
    people = api.store.installation.people
    people.flip_follower.turn()
    (incident,) = people.incidents.page(api.store.caller, limit=2)
    return trunk_id, incident


async def other_visitor(api: ApiUnderTest, other: Visitor) -> None:
    api.store.installation.tenancy.tenants.create_environment("others")
    await other.sign_in(other.new_token("others"))


async def test_an_incident_is_listed_and_shown_with_its_letter(api: ApiUnderTest, visitor: Visitor) -> None:
    await visitor.open(INCIDENTS)
    assert "There was no incident." in visitor.text
    trunk_id, incident = await fallen(api)
    for path in (INCIDENTS, f"{INCIDENTS}?show=open", f"/console/trunks/{trunk_id}"):
        await visitor.open(path)
        assert incident.cause in visitor.text
        assert f'href="{INCIDENTS}/{incident.id}"' in visitor.page.text
    await visitor.open(f"{INCIDENTS}/{incident.id}")
    assert "Your one trunk there was concerned." in visitor.text
    assert "Nothing was found that changed before." in visitor.text
    assert "The first check failed" in visitor.text
    assert f'href="/console/trunks/{trunk_id}">A trunk fell</a>' in visitor.page.text
    letter = await visitor.client.get(f"{INCIDENTS}/{incident.id}/letter.txt")
    assert letter.text.startswith(incident.cause)
    assert letter.headers["content-disposition"] == f'attachment; filename="incident-{incident.id}.txt"'


async def test_an_incident_of_others_is_not_there(api: ApiUnderTest) -> None:
    _, incident = await fallen(api)
    async with Visitor(api) as other:
        await other_visitor(api, other)
        await other.open(INCIDENTS)
        assert incident.cause not in other.text
        for target in (incident.id, uuid4(), "nothing"):
            for path in ("", "/letter.txt"):
                assert (await other.open(f"{INCIDENTS}/{target}{path}")).status_code == 404


async def test_carriers_are_listed_with_what_they_answer(api: ApiUnderTest, visitor: Visitor) -> None:
    await visitor.open(CARRIERS)
    assert "No trunk leads anywhere yet." in visitor.text
    await fallen(api)
    api.store.make_trunk(domain="a.example", name="Another")
    api.store.make_trunk(domain="a.example", name="A third")
    await visitor.open(CARRIERS)
    shown = visitor.text
    assert shown.index("a.example") < shown.index("sip.carrier.example")
    assert "Not asked yet." in shown
    assert "Silence: nothing final came back in all the time there was. since" in shown
    assert '<a href="/console/trunks?search=a.example">2</a>' in visitor.page.text
    async with Visitor(api) as other:
        await other_visitor(api, other)
        await other.open(CARRIERS)
        assert "No trunk leads anywhere yet." in other.text


async def test_pages_show_each_carrier_once(
    api: ApiUnderTest, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrier_routes, "_ROWS", 1)
    for port in (5060, 5061, 5062):
        api.store.make_trunk(domain="a.example", port=port)
    seen: list[str] = []
    path = CARRIERS
    while path:
        await visitor.open(path)
        seen += re.findall(r"port (\d+)", visitor.text)
        more = re.search(r'href="([^"]*)" rel="next"', visitor.page.text)
        path = "" if more is None else more[1].replace("&amp;", "&")
    assert sorted(seen) == ["5060", "5061", "5062"]


@pytest.mark.parametrize(
    "query", ["after=x", "id=x", "before=x", "after=%00&id=018f0000-0000-7000-8000-000000000000"]
)
async def test_a_place_that_is_none_shows_the_beginning(visitor: Visitor, query: str) -> None:
    for path in (INCIDENTS, CARRIERS):
        assert (await visitor.open(f"{path}?{query}")).status_code == 200
