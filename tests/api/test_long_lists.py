"""Tenants with more trunks and numbers than fit into one look at the store."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert

from api import whole_list
from tests.api.client import ApiUnderTest
from tests.trunks.forms import Store
from trunks.ids import new_id
from trunks.models.phone_number import PhoneNumber

BOLNA = "/sip-trunks/trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"


def enter_numbers(store: Store, trunk_id: UUID, count: int, *, first: int = 0) -> list[str]:
    """Enter numbers and give them in that order."""
    numbers = [f"+4930{first + each:07}" for each in range(count)]
    if not numbers:
        return []
    now = store.clock.now
    with store.installation.database.write() as session:
        session.execute(
            insert(PhoneNumber),
            [
                {
                    "id": new_id(),
                    "environment_id": store.caller.environment_id,
                    "trunk_id": trunk_id,
                    "key": number,
                    "number": number,
                    "e164": number,
                    "country_code": "DE",
                    "created_at": now + timedelta(seconds=place),
                    "updated_at": now,
                }
                for place, number in enumerate(numbers)
            ],
        )
    return numbers


async def numbers_of(api: ApiUnderTest, trunk_id: UUID, **query: Any) -> list[dict[str, Any]]:
    answer = await api.client.get(f"{BOLNA}/{trunk_id}/numbers", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 120])
async def test_a_trunk_shows_its_first_fifty_numbers_and_how_many_it_has(
    api: ApiUnderTest, count: int
) -> None:
    trunk = api.store.make_trunk()
    other = api.store.make_trunk(name="Other")
    entered = enter_numbers(api.store, trunk.id, count)
    others = enter_numbers(api.store, other.id, 2, first=1000)
    shown = (await api.client.get(f"{BOLNA}/{trunk.id}")).json()
    listed = (await api.client.get(BOLNA)).json()
    assert shown == listed[1]
    assert [each["phone_number"] for each in shown["phone_numbers"]] == entered[:50]
    assert shown["phone_number_count"] == count
    assert [each["phone_number"] for each in listed[0]["phone_numbers"]] == others
    lines = [each["phone_number"] for each in (await api.client.get(AUTOCALLS)).json()["data"]]
    assert lines == [others[0], entered[0] if entered else None]
    assert [each["phone_number"] for each in await numbers_of(api, trunk.id)] == entered[::-1]


async def test_the_numbers_beyond_a_page_are_listed_from_the_last_that_was_seen(api: ApiUnderTest) -> None:
    trunk = api.store.make_trunk()
    entered = enter_numbers(api.store, trunk.id, 1003)
    newest = await numbers_of(api, trunk.id)
    rest = await numbers_of(api, trunk.id, before=newest[-1]["id"])
    assert [each["phone_number"] for each in (*newest, *rest)] == entered[::-1]
    assert (len(newest), len(rest)) == (1000, 3)
    answer = await api.client.get(f"{BOLNA}/{trunk.id}/numbers", params={"before": "x"})
    assert answer.status_code == 404
    gone = await api.client.delete(f"{BOLNA}/{trunk.id}")
    assert gone.json()["message"].endswith(" 1003 phone number(s) removed.")


@pytest.mark.parametrize("count", [0, 3, 4, 5, 6, 9])
async def test_a_list_of_several_pages_is_whole_and_in_order(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(whole_list, "_PAGE", 2)
    monkeypatch.setattr(whole_list, "MOST_SHOWN", 5)
    names = [f"Trunk “{number}”" for number in range(count)]
    trunks = [api.store.make_trunk(name=name) for name in names]
    listed = (await api.client.get(BOLNA)).json()
    assert [each["name"] for each in listed] == names[::-1][:5]
    for trunk, shown in zip(trunks[::-1], listed, strict=False):
        assert shown == (await api.client.get(f"{BOLNA}/{trunk.id}")).json()
    details = (await api.client.get(AUTOCALLS)).json()["data"]
    assert [each["nickname"] for each in details] == names[::-1][:5]
    for shown in details:
        assert shown == (await api.client.get(f"{AUTOCALLS}/{shown['id']}")).json()["data"]
    assert (await api.client.get(BOLNA, params={"is_active": "true"})).json() == []
