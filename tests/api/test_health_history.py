"""A trunk's health over time: what is kept by the hour and by the day, of whom, and since when."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.api.client import ApiUnderTest
from tests.trunks.forms import STARTED
from tests.trunks.retention.rows import add, add_hours, clean_all
from trunks.models.health_rollup import HealthRollup

URL = "/api/v1/sip-trunks"


async def ask(api: ApiUnderTest, trunk_id: str, **query: str) -> list[dict[str, Any]]:
    answer = await api.client.get(f"{URL}/{trunk_id}/health/history", params=query)
    assert answer.status_code == 200, answer.text
    points: list[dict[str, Any]] = answer.json()["data"]
    return points


def destination_of(api: ApiUnderTest, trunk_id: str) -> UUID:
    return api.store.trunk(UUID(trunk_id)).gateways[0].destination_id


async def test_hours_and_days_also_when_the_hours_have_become_days(api: ApiUnderTest) -> None:
    api.store.clock.now = STARTED - timedelta(days=40)
    trunk = await api.create()
    api.store.clock.now = STARTED
    destination = destination_of(api, trunk["id"])
    hours = [STARTED - timedelta(days=40) + timedelta(hours=each) for each in range(40 * 24)]
    add_hours(api.store, destination, hours, latency_05=59)
    # Edges beside it, which the destination's own count has already.
    add(
        api.store,
        HealthRollup,
        [
            {
                "destination_id": destination,
                "edge": "192.0.2.1:5060/udp",
                "of_destination": False,
                "hour": hours[-1],
                "checks": 60,
                "failures": 60,
                "latency_sum_ms": 0.0,
                "latency_max_ms": 0.0,
            }
        ],
    )
    shown = await ask(api, trunk["id"])
    assert len(shown) == 24
    assert shown[-1] == {
        "at": "2026-03-01T11:00:00Z",
        "checks": 60,
        "answered": 59,
        "uptime": 0.983333,
        "latency_median_ms": 20.0,
        "latency_p95_ms": 20.0,
    }
    before = await ask(api, trunk["id"], step="day", **{"from": "2026-01-20T12:00:00Z"})
    clean_all(api.store)
    after = await ask(api, trunk["id"], step="day", **{"from": "2026-01-20T12:00:00Z"})
    assert before == after
    assert (len(after), sum(point["checks"] for point in after)) == (41, 40 * 24 * 60)
    old = {"from": "2026-01-21T00:00:00Z", "to": "2026-01-22T00:00:00Z"}
    assert await ask(api, trunk["id"], **old) == []


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_a_trunk_shows_nothing_from_before_it_led_there(api: ApiUnderTest) -> None:
    moved = await api.create(name="Moved", domain="former.example")
    api.store.clock.advance(7200)
    young = await api.create(name="Young")
    for changes in ({"domain": "sip.carrier.example"}, {"name": "Renamed"}):
        assert (await api.client.patch(f"{URL}/{moved['id']}", json=changes)).status_code == 200
    destination = destination_of(api, young["id"])
    assert destination_of(api, moved["id"]) == destination
    add_hours(api.store, destination, [STARTED + timedelta(hours=each) for each in range(4)])
    api.store.clock.advance(7200)
    for each in (moved, young):
        for step, at in (("hour", ["2026-03-01T14:00:00Z", "2026-03-01T15:00:00Z"]), ("day", None)):
            shown = await ask(api, each["id"], step=step)
            assert [point["at"] for point in shown] == (at or ["2026-03-01T00:00:00Z"])
            assert sum(point["checks"] for point in shown) == 120


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("step=week", "step"),
        ("from=yesterday", "from"),
        ("from=2026-03-01T00:00:00", "from"),
        ("to=0001-01-01T00:00:00Z", "to"),
        ("to=9999-12-31T23:59:59-23:00", "to"),
        ("from=2026-03-02T00:00:00Z", "from"),
        ("from=2026-01-01T00:00:00Z", "from"),
        ("step=day&from=2024-01-01T00:00:00Z", "from"),
    ],
)
async def test_what_cannot_be_shown_is_refused_by_its_field(
    api: ApiUnderTest, query: str, field: str
) -> None:
    trunk = await api.create()
    answer = await api.client.get(f"{URL}/{trunk['id']}/health/history?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR"), answer.text
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_another_tenants_history_is_not_there(api: ApiUnderTest) -> None:
    trunk = await api.create()
    tenants = api.store.installation.tenancy.tenants
    tenants.create_environment("other")
    other = {"Authorization": f"Bearer {tenants.create_token('other')}"}
    for trunk_id in (trunk["id"], "nothing"):
        answer = await api.client.get(f"{URL}/{trunk_id}/health/history", headers=other)
        assert (answer.status_code, answer.json()["code"]) == (404, "TRUNK_NOT_FOUND")
