"""What Prometheus is told."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from api.operation import readiness, store_metrics
from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.api.client import ApiUnderTest
from tests.peers.postgres_server import PostgresServer
from tests.trunks.forms import make_report
from trunks.models.edge_budget import EdgeBudget
from trunks.runs.wishes import Wish

URL = "/api/v1/sip-trunks"
SETTLED_SECONDS = 11

on_sqlite = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture(autouse=True)
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_metrics, "_KEEP_SECONDS", 0.0)
    monkeypatch.setattr(readiness, "_KEEP_SECONDS", 0.0)


async def scrape(api: ApiUnderTest) -> Samples:
    answer = await api.client.get("/metrics", headers={"Authorization": ""})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


@on_sqlite
async def test_requests_are_counted_by_route_and_never_by_what_was_sent(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.client.get(f"{URL}/{made['id']}")
    await api.client.get(f"{URL}/{made['id']}/verifications/hunter2")
    await api.client.get("/api/v1/hunter2")
    await api.client.get("/hunter2")
    await api.client.request("HUNTER2", URL)
    await api.client.get(URL, headers={"Authorization": "Bearer hunter2"})
    samples = await scrape(api)
    for route, method, status in (
        (URL, "POST", "201"),
        (f"{URL}/{{trunk_id}}", "GET", "200"),
        (f"{URL}/{{trunk_id}}/verifications/{{verification_id}}", "GET", "404"),
        ("none", "GET", "404"),
        (URL, "other", "405"),
        ("none", "GET", "401"),
    ):
        labels = {"dialect": "talkover", "route": route, "method": method}
        assert value(samples, "trunks_http_requests_total", **labels, status=status) == 1, route
        count = value(samples, "trunks_http_request_duration_seconds_count", **labels)
        assert count == (2 if route == "none" else 1)
    beside = {"dialect": "none", "route": "none", "method": "GET", "status": "404"}
    assert value(samples, "trunks_http_requests_total", **beside) == 1
    told = str(samples)
    assert "hunter2" not in told.lower()
    assert made["id"] not in told


async def test_the_store_is_counted(api: ApiUnderTest) -> None:
    verified, rejected, waiting = [(await api.create(name=f"t{n}"))["id"] for n in range(3)]
    await api.verified(verified)
    await api.verified(
        rejected,
        make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED),
    )
    api.on_ring = lambda verification_id: None
    await api.client.post(f"{URL}/{waiting}/verify?async=true")
    await api.client.patch(f"{URL}/{verified}", json={"is_active": True})
    first = await scrape(api)
    # What is just being finished is counted a little later, once.
    finished = "trunks_verifications_finished_total"
    proven = {"outcome": "verified", "reason": "credentials-proven"}
    assert value(first, finished, **proven) is None
    assert value(first, "trunks_verifications", status="queued") == 1
    assert value(first, "trunks_verifications", status="running") == 0
    assert value(first, "trunks_trunks", health_status="healthy", is_active="true") == 1
    assert value(first, "trunks_trunks", health_status="unhealthy", is_active="false") == 1
    assert value(first, "trunks_trunks", health_status="unknown", is_active="false") == 1
    api.store.clock.advance(SETTLED_SECONDS)
    for _ in range(2):
        samples = await scrape(api)
        assert value(samples, finished, **proven) == 1
        assert value(samples, finished, outcome="failed", reason="credentials-rejected") == 1


@on_sqlite
async def test_pacing_shows(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    await api.client.post(f"{URL}/{trunk_id}/verify?async=true")
    installation = api.store.installation
    claim = api.store.claim(api.rung[0])
    assert claim is not None
    installation.runs.address_limits.admit(
        [
            Wish(
                claim_id=claim.claim_id,
                requests={"192.0.2.1": 10},
                lease_until=claim.lease_until,
                on_demand=True,
                patience_seconds=4,
            )
        ]
    )
    assert api.store.put_off(claim, seconds=2)
    samples = await scrape(api)
    assert value(samples, "trunks_pacing_addresses_short") == 1
    assert value(samples, "trunks_verifications_put_off") == 1
    api.store.clock.advance(3)
    samples = await scrape(api)
    assert value(samples, "trunks_pacing_addresses_short") == 0
    assert value(samples, "trunks_verifications_put_off") == 0


@on_sqlite
async def test_the_fifty_addresses_that_wait_longest_are_named(api: ApiUnderTest) -> None:
    rate = api.store.installation.settings.address_rate
    with api.store.installation.database.write() as session:
        session.add_all(
            EdgeBudget(address=f"192.0.2.{number}", tokens=-number * rate, refilled_at=api.store.clock.now)
            for number in range(1, 61)
        )
    api.store.clock.advance(5)
    samples = await scrape(api)
    assert {
        dict(labels)["address"]: seconds
        for (name, labels), seconds in samples.items()
        if name == "trunks_address_delay_seconds"
    } == {f"192.0.2.{number}": number - 5 for number in range(11, 61)}
    assert value(samples, "trunks_pacing_addresses_short") == 55


async def test_the_tables_say_how_many_rows_they_have_and_how_old_the_oldest_is(api: ApiUnderTest) -> None:
    for number in range(3):
        await api.create(name=f"Trunk {number}")
        api.store.clock.advance(100)
    with api.store.installation.database.write() as session:
        session.execute(text("ANALYZE"))
    samples = await scrape(api)
    assert value(samples, "trunks_table_rows", table="trunks") == 3
    assert value(samples, "trunks_table_oldest_seconds", table="trunks") == 300
    assert value(samples, "trunks_table_rows", table="flips") == 0
    assert value(samples, "trunks_table_oldest_seconds", table="flips") is None


@on_sqlite
async def test_callers_who_wait_are_counted(api: ApiUnderTest) -> None:
    trunk_id = (await api.create())["id"]
    asked = [asyncio.create_task(api.client.post(f"{URL}/{trunk_id}/verify")) for _ in range(3)]
    await api.wait_rung(3)
    assert value(await scrape(api), "trunks_callers_waiting") == 3
    api.app.state.context.waiter.dismiss()
    await asyncio.gather(*asked)
    assert value(await scrape(api), "trunks_callers_waiting") == 0


@on_sqlite
async def test_a_part_that_is_away_shows(api: ApiUnderTest) -> None:
    api.broker_holds = False
    samples = await scrape(api)
    assert value(samples, "trunks_part_up", part="broker") == 0
    assert value(samples, "trunks_part_up", part="store") == 1


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
async def test_without_a_store_the_rest_is_told(api: ApiUnderTest, postgres_server: PostgresServer) -> None:
    assert value(await scrape(api), "trunks_verifications", status="queued") == 0
    postgres_server.kill()
    samples = await scrape(api)
    assert value(samples, "trunks_part_up", part="store") == 0
    assert value(samples, "trunks_verifications", status="queued") is None
    assert value(samples, "process_start_time_seconds")


@on_sqlite
async def test_the_store_is_not_asked_at_each_scrape(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_metrics, "_KEEP_SECONDS", 60.0)
    await scrape(api)
    await api.create()
    assert value(await scrape(api), "trunks_trunks", health_status="unknown", is_active="false") is None


@on_sqlite
async def test_each_application_counts_for_itself(
    api: ApiUnderTest, make_another_api: Callable[[], Awaitable[ApiUnderTest]]
) -> None:
    await api.create()
    created = {"dialect": "talkover", "route": URL, "method": "POST", "status": "201"}
    assert value(await scrape(await make_another_api()), "trunks_http_requests_total", **created) is None
