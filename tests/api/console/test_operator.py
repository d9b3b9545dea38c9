"""The operator's pages: the service as it stands, incidents over all tenants; for nobody else, and for him alone."""

import re
from collections.abc import AsyncIterator

import pytest

from api.console import operator_routes
from tests.api.client import ApiUnderTest
from tests.api.console.test_incidents_and_carriers import fallen
from tests.api.console.visitor import Visitor
from trunks.models.incident import Incident
from trunks.rules.incidents import IncidentKind

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

PAGES = ("/console/operator", "/console/operator/incidents", "/console/operator/incidents?show=open")


@pytest.fixture
async def operator(api: ApiUnderTest) -> AsyncIterator[Visitor]:
    async with Visitor(api) as found:
        await found.sign_in(api.store.installation.tenancy.tenants.create_operator_token())
        yield found


async def test_he_sees_all_tenants_by_name(api: ApiUnderTest, operator: Visitor) -> None:
    await operator.open("/console/operator")
    assert "None is open" in operator.text
    trunk_id, incident = await fallen(api)
    api.store.installation.runs.requests.request(api.store.caller, trunk_id)
    await operator.open("/console/operator")
    for words in ("1 open", api.store.tenant, "Waiting 1", "no-response 1", "unhealthy 1"):
        assert words in operator.text, words
    await operator.open("/console/operator/incidents")
    assert incident.cause in operator.text
    assert "1 of 1 still down" in operator.text
    await operator.open(f"/console/operator/incidents/{incident.id}")
    for words in (
        incident.cause,
        api.store.tenant,
        "sip.carrier.example",
        "Nothing was found that changed before.",
    ):
        assert words in operator.text
    assert (await operator.open("/console/operator/incidents/nothing")).status_code == 404


async def test_more_incidents_than_a_page_shows_are_counted_and_reached(
    api: ApiUnderTest, operator: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator_routes, "_ROWS", 2)
    with api.store.installation.database.write() as session:
        for number in range(7):
            session.add(
                Incident(
                    kind=IncidentKind.HEALTH,
                    domain="a.example",
                    opened_at=api.store.clock(),
                    closed_at=api.store.clock() if number in (0, 4) else None,
                )
            )
    await operator.open("/console/operator")
    assert "5 open" in operator.text
    for query, pages in (("", [2, 2, 2, 1]), ("?show=open", [2, 2, 1])):
        seen: list[list[str]] = []
        path = f"/console/operator/incidents{query}"
        while path:
            await operator.open(path)
            seen.append(re.findall(r'href="/console/operator/incidents/([^"?]+)"', operator.page.text))
            more = re.search(r'href="([^"]*)" rel="next"', operator.page.text)
            path = "" if more is None else more[1].replace("&amp;", "&")
        assert [len(each) for each in seen] == pages
        assert len({each for page in seen for each in page}) == sum(pages)
    assert (await operator.open("/console/operator/incidents?before=x")).status_code == 200


async def test_he_has_no_tenants_pages_and_may_leave(api: ApiUnderTest, operator: Visitor) -> None:
    for path in (
        "/console",
        "/console/trunks",
        "/console/incidents",
        "/console/carriers",
        "/console/trunks/new",
    ):
        answer = await operator.open(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/operator"), path
    await operator.open("/console/operator")
    trunk = api.store.make_trunk()
    answer = await operator.client.post(
        f"/console/trunks/{trunk.id}/verify", data={"form_token": operator.form_token}
    )
    assert answer.status_code == 403
    assert not api.rung
    await operator.send("/console/language", language="pt-BR", next="/console/operator")
    await operator.open("/console/operator")
    assert "O serviço" in operator.text
    assert (await operator.send("/console/sign-out")).status_code == 303
    assert (await operator.open("/console/operator")).status_code == 303


async def test_nobody_else_sees_them(api: ApiUnderTest, visitor: Visitor) -> None:
    async with Visitor(api) as stranger:
        for path in PAGES:
            assert (await visitor.open(path)).status_code == 403
            assert "for whoever runs the service" in visitor.text
            assert (await stranger.open(path)).status_code == 303


async def test_a_pause_is_told(api: ApiUnderTest, operator: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    provisions = api.store.installation.provisions
    monkeypatch.setattr(type(provisions.overview), "off", property(lambda self: False))
    await operator.open("/console/operator")
    assert "paused" not in operator.text
    monkeypatch.setattr(type(provisions.reconciliation), "paused", lambda self: True)
    await operator.open("/console/operator")
    assert "The provisioner is paused" in operator.text
