"""A trunk is changed and deleted in the console: only what was changed is sent, and who deletes is asked first."""

import html
import re
from typing import Any
from uuid import UUID

import pytest

from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.api.test_bolna import IP_BASED, create
from tests.trunks.forms import PASSWORD, make_report
from trunks.catalog.new_trunk import NewNumber
from trunks.catalog.trunk_edit import TrunkEdit

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)


def fields_of(visitor: Visitor) -> dict[str, str]:
    """What a browser would send of the form that is open."""
    inputs = re.findall(
        r'<input (?:id="\w+" )?(?:type="hidden" )?name="(\w+)"[^>]*value="([^"]*)"', visitor.page.text
    )
    chosen = re.findall(
        r'<select id="\w+" name="(\w+)".*?<option value="([^"]*)" selected', visitor.page.text, re.DOTALL
    )
    return {name: html.unescape(value) for name, value in (*inputs, *chosen)}


async def change(visitor: Visitor, trunk_id: UUID, **changes: Any) -> None:
    await visitor.open(f"/console/trunks/{trunk_id}/edit")
    await visitor.send(f"/console/trunks/{trunk_id}/edit", **(fields_of(visitor) | changes))


async def test_a_name_is_changed_and_the_trunk_stays_verified(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk_id = UUID((await api.create())["id"])
    await api.verified(str(trunk_id), make_report())
    before = api.store.trunk(trunk_id)
    api.rung.clear()
    await change(visitor, trunk_id, name="Berlin, new")
    assert (visitor.page.status_code, visitor.page.headers["location"]) == (
        303,
        f"/console/trunks/{trunk_id}",
    )
    after = api.store.trunk(trunk_id)
    assert (after.name, after.is_verified, after.generation) == ("Berlin, new", True, before.generation)
    assert after.sealed_password == before.sealed_password
    assert not api.rung


async def test_another_place_is_verified_again(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk_id = UUID((await api.create())["id"])
    await api.verified(str(trunk_id), make_report())
    api.rung.clear()
    api.on_ring = lambda run: None
    await change(visitor, trunk_id, domain="other.example", password="another")
    after = api.store.trunk(trunk_id)
    assert (after.gateways[0].host, after.is_verified) == ("other.example", False)
    assert len(api.rung) == 1


async def test_what_others_change_meanwhile_stays(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk_id = UUID((await api.create())["id"])
    await visitor.open(f"/console/trunks/{trunk_id}/edit")
    sent = fields_of(visitor) | {"provider_name": "mine"}
    await api.client.patch(f"/api/v1/sip-trunks/{trunk_id}", json={"name": "theirs"})
    await visitor.send(f"/console/trunks/{trunk_id}/edit", **sent)
    after = api.store.trunk(trunk_id)
    assert (after.name, after.provider_name) == ("theirs", "mine")


async def test_what_other_dialects_know_of_a_trunk_stays(api: ApiUnderTest, visitor: Visitor) -> None:
    await create(api, IP_BASED)
    shown = (await api.client.get("/sip-trunks/trunks")).json()[0]
    views = api.store.installation.catalog.views
    ((_, row),) = views.by_need(api.store.caller, of=None, search=None, limit=2, after=None)
    await change(visitor, row.id, name="Changed")
    assert visitor.page.status_code == 303, visitor.text
    again = (await api.client.get("/sip-trunks/trunks")).json()[0]
    kept = {name for name in shown if shown[name] != again[name]}
    assert kept <= {"name", "updated_at"}
    assert len(again["gateways"]) == 2


WRONG = (
    ({"name": ""}, "said-name"),
    ({"port": "70000"}, "said-port"),
    ({"domain": "sip:a.example"}, "said-domain"),
    ({"outbound_proxy": "a:b:c"}, "said-outbound_proxy"),
)


async def test_what_is_wrong_is_said_beside_its_field(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk_id = UUID((await api.create())["id"])
    before = api.store.trunk(trunk_id)
    for changes, wrong in WRONG:
        given = {"provider_name": "kept in the form", "password": "never shown again", **changes}
        await change(visitor, trunk_id, **given)
        assert visitor.page.status_code == 200
        assert re.search(rf'id="{wrong}">[^<]+<', visitor.page.text), wrong
        assert "kept in the form" in visitor.page.text
        assert "never shown again" not in visitor.page.text
        # What was there first is still what it is compared with.
        assert fields_of(visitor)["was_provider_name"] == before.provider_name
    assert api.store.trunk(trunk_id).generation == before.generation


async def test_what_the_whole_trunk_refuses_is_said_beside_its_field(
    api: ApiUnderTest, visitor: Visitor
) -> None:
    trunk_id = UUID((await create(api, IP_BASED))["id"])
    await change(visitor, trunk_id, domain="198.51.100.1", port="5080")
    assert re.search(r'id="said-domain">198\.51\.100\.1:5080 would be [^<]* twice', visitor.page.text)
    edit = TrunkEdit(profile={"fixed_egress": True})
    api.store.installation.catalog.updates.apply(api.store.caller, trunk_id, edit)
    await change(visitor, trunk_id, outbound_proxy="proxy.example")
    assert re.search(r'id="said-outbound_proxy">Calls cannot go by [^<]*proxy\.example', visitor.page.text)


async def test_no_password_is_shown(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk = api.store.make_trunk()
    await visitor.open(f"/console/trunks/{trunk.id}/edit")
    assert PASSWORD not in visitor.page.text


async def test_who_deletes_is_asked_first(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk = api.store.make_trunk(name="Berlin")
    path = f"/console/trunks/{trunk.id}"
    await visitor.open(path)
    await visitor.open(f"{path}/delete")
    assert "Delete Berlin?" in visitor.text
    assert (await visitor.client.get(path)).status_code == 200
    assert (await visitor.send(f"{path}/delete")).headers["location"] == "/console/trunks"
    assert (await visitor.open(path)).status_code == 404


async def test_one_with_numbers_is_kept(api: ApiUnderTest, visitor: Visitor) -> None:
    trunk = api.store.make_trunk()
    api.store.installation.catalog.numbers.add(api.store.caller, trunk.id, NewNumber(number="+14155550123"))
    path = f"/console/trunks/{trunk.id}"
    await visitor.open(f"{path}/delete")
    assert "It still has phone numbers: 1." in visitor.text
    assert (await visitor.send(f"{path}/delete")).status_code == 409
    assert (await visitor.open(path)).status_code == 200


async def test_who_only_reads_is_shown_neither(api: ApiUnderTest) -> None:
    trunk = api.store.make_trunk()
    async with Visitor(api) as reader:
        await reader.sign_in(
            api.store.installation.tenancy.tenants.create_token(api.store.tenant, read_only=True)
        )
        for page in ("edit", "delete"):
            assert (await reader.open(f"/console/trunks/{trunk.id}/{page}")).status_code == 403
