"""A customer sees since when and until when messages about his trunk are held, whatever holds them."""

from datetime import timedelta
from uuid import UUID, uuid4

from api.timestamps import write_timestamp
from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from tests.trunks.forms import make_report

HOUR = timedelta(hours=1)


async def test_what_is_held_says_since_when_and_until_when(api: ApiUnderTest) -> None:
    store, book = api.store, api.store.installation.people.maintenance
    endpoint = (
        await api.client.post("/api/v1/webhook-endpoints", json={"url": "https://example.com/"})
    ).json()
    log = f"/api/v1/webhook-endpoints/{endpoint['data']['id']}/deliveries"
    trunk, free = [(await api.create(domain=f"{name}.example"))["id"] for name in ("one", "two")]
    begun = store.clock.now
    store.installation.tenancy.tenants.create_environment("other")
    book.begin(3 * HOUR, environment="other")

    async def held(trunk_id: str) -> object:
        answer = await api.client.get(f"/api/v1/sip-trunks/{trunk_id}/maintenance")
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    assert await held(trunk) is None
    (by_carrier,) = book.begin(HOUR, domain="one.example", note="a secret note")
    store.clock.advance(60)
    (by_trunk,) = book.begin(2 * HOUR, trunk_id=UUID(trunk))
    since, until = begun, begun + timedelta(minutes=1) + 2 * HOUR
    both = {"since": write_timestamp(since), "until": write_timestamp(until)}
    assert (await held(trunk), await held(free)) == (both, None)
    for each in (trunk, free):
        await api.verified(each, make_report())
    store.installation.people.flip_follower.turn()
    listed = {each["trunk_id"]: each for each in (await api.client.get(log)).json()["data"]}
    shown = {name: (each["held_since"], each["held_until"]) for name, each in listed.items()}
    assert shown == {trunk: (both["since"], both["until"]), free: (None, None)}
    async with Visitor(api) as visitor:
        await visitor.sign_in()
        await visitor.open(f"/console/trunks/{trunk}")
        assert "Messages about this trunk are held since 2026-03-01 12:00 UTC, until" in visitor.text
        assert "a secret note" not in visitor.page.text
        await visitor.open(f"/console/trunks/{free}")
        assert "Messages about this trunk" not in visitor.text
    for each in (by_carrier, by_trunk):
        book.end(each)
    assert await held(trunk) is None
    assert {each["held_until"] for each in (await api.client.get(log)).json()["data"]} == {None}


async def test_of_nobody_elses_trunk(api: ApiUnderTest) -> None:
    trunk = (await api.create())["id"]
    token = api.forbid_custom_trunks()
    for of, headers in ((uuid4(), {}), (trunk, {"Authorization": f"Bearer {token}"})):
        answer = await api.client.get(f"/api/v1/sip-trunks/{of}/maintenance", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "TRUNK_NOT_FOUND")
