"""The list of an environment's trunks (ours)."""

from typing import Any

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.api.client import ApiUnderTest
from tests.trunks.forms import make_report

URL = "/api/v1/sip-trunks"


async def listed(api: ApiUnderTest, **query: Any) -> Any:
    answer = await api.client.get(URL, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_environment_without_trunks_has_an_empty_list(api: ApiUnderTest) -> None:
    assert await listed(api) == {"success": True, "data": [], "next_cursor": None}


async def test_each_is_shown_as_by_itself(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.verified(made["id"])
    alone = (await api.client.get(f"{URL}/{made['id']}")).json()["data"]
    assert (await listed(api))["data"] == [alone]
    assert alone["last_verification"]["reason"] == "credentials-proven"


async def test_pages_go_on_from_the_cursor_newest_first(api: ApiUnderTest) -> None:
    made = [(await api.create(name=f"trunk {n}"))["name"] for n in range(5)]
    names: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        page = await listed(api, limit=2, **cursor)
        names += [trunk["name"] for trunk in page["data"]]
        cursor = {"cursor": page["next_cursor"]}
        # What is entered meanwhile belongs to no later page.
        await api.create(name="later")
    assert names == made[::-1]
    assert page["next_cursor"] is None


async def test_filters_join(api: ApiUnderTest) -> None:
    good, bad, new = [(await api.create(name=name))["id"] for name in ("good", "bad", "new")]
    await api.verified(good)
    await api.client.put(f"{URL}/{good}", json={"is_active": True})
    rejected = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
    await api.verified(bad, rejected)

    async def ids(**query: Any) -> list[str]:
        return [trunk["id"] for trunk in (await listed(api, **query))["data"]]

    assert await ids(is_verified="true") == [good]
    assert await ids(is_verified="false") == [new, bad]
    assert await ids(is_active="true") == [good]
    assert await ids(health_status="unhealthy") == [bad]
    assert await ids(health_status="unknown", is_verified="false") == [new]
    assert await ids(health_status="unknown", is_verified="true") == []


async def test_another_tenants_trunks_are_not_listed(api: ApiUnderTest) -> None:
    await api.create()
    api.store.installation.tenancy.tenants.create_environment("other")
    token = api.store.installation.tenancy.tenants.create_token("other")
    answer = await api.client.get(URL, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["data"] == []


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"limit": 0}, ["limit"]),
        ({"limit": 101}, ["limit"]),
        ({"limit": "many", "cursor": "x", "is_active": "perhaps"}, ["limit", "cursor", "is_active"]),
        ({"health_status": "well"}, ["health_status"]),
    ],
)
async def test_all_wrong_parameters_are_named_at_once(
    api: ApiUnderTest, query: dict[str, Any], fields: list[str]
) -> None:
    answer = await api.client.get(URL, params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert sorted(answer.json()["errors"]) == sorted(fields)
