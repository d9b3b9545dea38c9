"""The trunks in lines: those that need a person first, found by name, host and number, and nobody else's."""

import re
from uuid import UUID

import pytest
from sqlalchemy import update

from api.console import trunk_list
from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.trunks.forms import make_report
from trunks.catalog.new_trunk import NewNumber
from trunks.models.trunk import Trunk
from trunks.repositories import needed_trunks
from trunks.rules.trunk_state import HealthStatus

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

HOSTILE = '<script>alert("1")</script>'


def shown(visitor: Visitor) -> list[str]:
    return re.findall(r'<a class="name" href="/console/trunks/[^"]*">([^<]*)</a>', visitor.page.text)


def set_state(api: ApiUnderTest, trunk_id: UUID, **values: object) -> None:
    with api.store.installation.database.write() as session:
        session.execute(update(Trunk).where(Trunk.id == trunk_id).values(**values))


def make_kinds(api: ApiUnderTest) -> None:
    """One trunk that works, one degraded, one never verified, two that fell; entered in that order."""
    well = {"is_verified": True, "ever_verified": True, "health_status": HealthStatus.HEALTHY}
    for name, values in {
        "well": well,
        "degraded": well | {"health_status": HealthStatus.DEGRADED},
        "new": {},
        "unverified": {"ever_verified": True, "health_status": HealthStatus.UNHEALTHY},
        "down": well | {"health_down": True, "health_status": HealthStatus.UNHEALTHY},
    }.items():
        trunk = api.store.make_trunk(name=name, domain=f"{name}.example")
        if values:
            set_state(api, trunk.id, **values)


@pytest.mark.parametrize("few", [0, 500])
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["down", "unverified", "new", "degraded", "well"]),
        ("show=fallen", ["down", "unverified"]),
        ("show=never-worked", ["new"]),
        ("show=degraded", ["degraded"]),
        ("show=well", ["well"]),
        ("show=other", ["down", "unverified", "new", "degraded", "well"]),
        ("search=VERI", ["unverified"]),
        ("search=new.example", ["new"]),
        ("search=w", ["down", "new", "well"]),
        ("search=w&show=well", ["well"]),
        ("search=%25", []),
        ("search=_", []),
        ("search=%2B1+415+555+0123", ["well"]),
        ("search=nobody", []),
        ("search=%00", ["down", "unverified", "new", "degraded", "well"]),
        ("after=nonsense", ["down", "unverified", "new", "degraded", "well"]),
    ],
)
async def test_those_that_need_a_person_come_first(
    api: ApiUnderTest,
    visitor: Visitor,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    names: list[str],
    few: int,
) -> None:
    """However many match: a few are known by their ids, many are met on the way."""
    monkeypatch.setattr(needed_trunks, "_FEW", few)
    make_kinds(api)
    (well,) = [
        each
        for each in api.store.installation.catalog.views.by_need(api.store.caller, limit=9)
        if each[1].trunk.name == "well"
    ]
    api.store.installation.catalog.numbers.add(api.store.caller, well[1].id, NewNumber(number="+14155550123"))
    assert (await visitor.open(f"/console/trunks?{query}")).status_code == 200
    assert shown(visitor) == names
    assert bool(names) is ("No trunk matches" not in visitor.text)


async def test_pages_show_each_trunk_once(
    api: ApiUnderTest, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trunk_list, "ROWS", 2)
    make_kinds(api)
    seen: list[str] = []
    path: str | None = "/console/trunks?search=e"
    while path is not None:
        await visitor.open(path)
        seen += shown(visitor)
        more = re.search(r'href="([^"]*)" rel="next"', visitor.page.text)
        path = None if more is None else more[1].replace("&amp;", "&")
    assert seen == ["unverified", "new", "degraded", "well"]
    assert "From the beginning" in visitor.text


async def test_why_is_said_in_words(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk = api.store.make_trunk(name="Refused")
    run = api.store.installation.runs.requests.request(api.store.caller, trunk.id)
    rejected = make_report(
        Outcome.FAILED,
        Reason.CREDENTIALS_REJECTED,
        credentials=CredentialState.REJECTED,
        summary="The carrier rejects the password.",
    )
    api.work(rejected)(run)
    await visitor.open("/console/trunks")
    assert "The carrier rejects the password." in visitor.text
    assert "Not verified" in visitor.text
    assert "sip.carrier.example:5060 by UDP" in visitor.text


async def test_nobody_sees_another_environments_trunks(api: ApiUnderTest, visitor: Visitor) -> None:
    api.store.make_trunk(name="Ours")
    api.store.installation.tenancy.tenants.create_environment("others")
    async with Visitor(api) as other:
        await other.sign_in(other.new_token("others"))
        for query in ("", "?search=Ours", "?search=sip.carrier.example"):
            await other.open(f"/console/trunks{query}")
            assert shown(other) == []


async def test_what_customers_write_is_text(api: ApiUnderTest, visitor: Visitor) -> None:
    api.store.make_trunk(name=HOSTILE, provider_name=HOSTILE)
    answer = await visitor.open(f"/console/trunks?search={HOSTILE}")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
