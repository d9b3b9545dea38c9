"""A new trunk: begun by a preset, tested without being stored, what failed said beside its field, then saved once."""

import re
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.trunks.forms import make_report
from trunks.catalog.carrier_presets import carrier_presets

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

NEW = "/console/trunks/new"
PASSWORD = "a password of nobody's"
FILLED: dict[str, str] = {
    "name": "Berlin",
    "provider_name": "Carrier",
    "domain": "sip.carrier.example",
    "transport": "udp",
    "port": "5070",
    "username": "alice",
    "password": PASSWORD,
    "outbound_proxy": "",
    "auth_realm": "",
    "proof": "register",
}
REJECTED = make_report(
    Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED, summary="Refused."
)


def said(visitor: Visitor) -> dict[str, str]:
    found = re.findall(r'<p class="said" id="said-(\w+)">([^<]+)</p>', visitor.page.text)
    return dict(found)


def value(visitor: Visitor, name: str) -> str:
    """What a field holds, or which of its options is chosen."""
    entered = rf'<input id="{name}"[^>]* value="([^"]*)"'
    chosen = rf'<select id="{name}"[^<]*(?:<option[^>]*>[^<]*</option>\s*)*?<option value="([^"]*)" selected'
    return str("".join(re.findall(f"{entered}|{chosen}", visitor.page.text)[0]))


def form_id(visitor: Visitor) -> str:
    return str(re.findall(r'name="form_id" value="([^"]*)"', visitor.page.text)[0])


def trunks(api: ApiUnderTest) -> int:
    with api.store.installation.database.read() as session:
        return int(session.execute(text("SELECT count(*) FROM trunks")).scalar_one())


async def send(visitor: Visitor, action: str, preset: str = "pbx", **changes: Any) -> None:
    await visitor.open(f"{NEW}/{preset}")
    await visitor.send(f"{NEW}/{preset}/{action}", form_id=form_id(visitor), **(FILLED | changes))


async def test_every_preset_begins_a_form(visitor: Visitor) -> None:
    await visitor.open(NEW)
    for preset in carrier_presets():
        assert f'href="{NEW}/{preset.id}"' in visitor.page.text
    for preset in carrier_presets():
        assert (await visitor.open(f"{NEW}/{preset.id}")).status_code == 200
        assert value(visitor, "domain") == (preset.host or "")
        assert value(visitor, "transport") == (preset.transport or "tls")
        assert value(visitor, "port") == str(preset.port or "")
        assert value(visitor, "proof") == preset.proof
        assert all(step in visitor.text for step in preset.checklist)
    assert (await visitor.open(f"{NEW}/nobody")).status_code == 404


async def test_what_failed_is_said_beside_its_field_and_nothing_is_stored(
    api: ApiUnderTest, visitor: Visitor
) -> None:
    api.on_ring = api.work(REJECTED)
    await send(visitor, "test")
    assert "The trunk does not work" in visitor.text
    assert said(visitor) == {"password": "Refused."}
    assert 'aria-describedby="hint-password said-password" aria-invalid="true"' in visitor.page.text
    assert "Save it all the same" in visitor.text
    # What was entered stays, but for the password, which is never sent back.
    assert (value(visitor, "name"), value(visitor, "port"), value(visitor, "password")) == (
        "Berlin",
        "5070",
        "",
    )
    assert PASSWORD not in visitor.page.text
    assert trunks(api) == 0


async def test_a_good_one_is_saved_once_and_verified(api: ApiUnderTest, visitor: Visitor) -> None:
    api.on_ring = api.work(make_report())
    await send(visitor, "test")
    assert "The trunk works" in visitor.text
    assert "Save this trunk" in visitor.text
    assert trunks(api) == 0
    # A second click, and one that goes back and clicks again.
    fields = FILLED | {"form_id": form_id(visitor), "form_token": visitor.form_token}
    answers = [await visitor.client.post(f"{NEW}/pbx/save", data=fields) for _ in range(2)]
    (place,) = {answer.headers["location"] for answer in answers}
    assert trunks(api) == 1
    await visitor.open(place)
    assert "Berlin" in visitor.text
    assert "The trunk works" in visitor.text
    await visitor.send(f"{place}/switch", wanted="yes")
    await visitor.open(place)
    assert "In use" in visitor.text


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Bonn"},
        {"username": "another"},
        {"password": "another"},
        {"port": "5071"},
        {"transport": "tcp"},
    ],
    ids=lambda changed: next(iter(changed)),
)
async def test_a_form_that_says_something_else_by_now_is_not_shown_as_saved(
    api: ApiUnderTest, visitor: Visitor, changed: dict[str, str]
) -> None:
    """Saved in one tab and changed in the other: what was typed is not dropped, and no other trunk shown for it."""
    api.on_ring = api.work(make_report())
    await send(visitor, "test")
    fields = FILLED | {"form_id": form_id(visitor), "form_token": visitor.form_token}
    first = await visitor.client.post(f"{NEW}/pbx/save", data=fields)
    assert first.status_code == 303
    await visitor.send(f"{NEW}/pbx/save", **(fields | changed))
    assert "This form was saved before" in visitor.text
    assert trunks(api) == 1
    again = form_id(visitor)
    assert again != fields["form_id"]
    await visitor.send(f"{NEW}/pbx/save", **(fields | changed | {"form_id": again}))
    assert trunks(api) == 2


WRONG_FIELDS: tuple[tuple[dict[str, str], dict[str, str] | None], ...] = (
    ({"name": ""}, {"name": "It is required."}),
    ({"port": "70000"}, {"port": "It must be at most 65535."}),
    ({"port": "five"}, {"port": "It must be a whole number."}),
    ({"port": "9" * 5000}, {"port": "It must be a whole number."}),
    ({"domain": "sip:a.example"}, {"domain": "Give the host alone, without sip: before it."}),
    ({"transport": "carrier pigeon"}, {"transport": "It must be one of: udp, tcp, tls."}),
    ({"username": "", "password": ""}, {"username": "It is required.", "password": "It is required."}),
    ({"username": "", "proof": "none"}, {"username": "It is required."}),
    ({"outbound_proxy": "a:b:c"}, None),
)


@pytest.mark.parametrize("action", ["test", "save"])
async def test_wrong_fields_are_told_in_the_apis_words(
    api: ApiUnderTest, visitor: Visitor, action: str
) -> None:
    for changes, wrong in WRONG_FIELDS:
        await send(visitor, action, **changes)
        assert visitor.page.status_code == 200
        found = said(visitor)
        assert list(found) == ["outbound_proxy"] if wrong is None else found == wrong, changes
        assert "it is said beside the field" in visitor.text
        assert PASSWORD not in visitor.page.text
    assert not api.rung
    assert trunks(api) == 0


async def test_a_trunk_without_a_password_is_entered_where_nothing_is_proven(
    api: ApiUnderTest, visitor: Visitor
) -> None:
    await send(visitor, "save", "exotel", proof="none", username="", password="")
    trunk = api.store.trunk(UUID(visitor.page.headers["location"].rpartition("/")[2]))
    assert (trunk.username, trunk.sealed_password) == (None, None)


async def test_a_test_that_nobody_does_is_given_up(api: ApiUnderTest, visitor: Visitor) -> None:
    await send(visitor, "test")
    assert "did not end in time" in visitor.text
    assert trunks(api) == 0


@pytest.mark.parametrize(
    "given", ["", "018f0000-0000-7000-8000-000000000000", "018f0000-0000-7000-8000-000000000000.00"]
)
async def test_an_id_that_is_not_ours_makes_nothing(api: ApiUnderTest, visitor: Visitor, given: str) -> None:
    await visitor.open(f"{NEW}/pbx")
    await visitor.send(f"{NEW}/pbx/save", form_id=given, **FILLED)
    assert visitor.page.status_code == 400
    assert trunks(api) == 0


async def test_a_plan_without_trunks_of_its_own_says_so(api: ApiUnderTest) -> None:
    async with Visitor(api) as visitor:
        await visitor.sign_in(api.forbid_custom_trunks())
        for action in ("test", "save"):
            await send(visitor, action)
            assert visitor.page.status_code == 403
            assert "This plan does not include custom SIP trunks." in visitor.text


async def test_what_is_entered_is_text(visitor: Visitor) -> None:
    hostile = '"><script>alert(1)</script>'
    await send(visitor, "test", **dict.fromkeys(FILLED, hostile))
    assert "<script>alert" not in visitor.page.text
