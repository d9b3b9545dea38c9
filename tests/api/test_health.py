"""talkover, the health of a trunk at this moment."""

import asyncio
from typing import Any

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.api.client import ApiUnderTest
from tests.trunks.forms import make_report
from trunks.health.check import CheckResult, EdgeResult

URL = "/api/v1/sip-trunks"


async def health(api: ApiUnderTest, trunk_id: str) -> Any:
    answer = await api.client.get(f"{URL}/{trunk_id}/health")
    assert answer.status_code == 200, answer.text
    assert answer.json()["success"] is True
    return answer.json()["data"]


async def test_a_verifications_answer_is_the_latest_result(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.verified(made["id"])
    data = await health(api, made["id"])
    assert (data["is_healthy"], data["checked_at"]) == (True, "2026-03-01T12:00:00Z")
    assert "error" not in data


async def test_a_dead_one_is_a_success_with_an_error(api: ApiUnderTest) -> None:
    made = await api.create()
    silent = make_report(
        Outcome.FAILED, Reason.NO_RESPONSE, credentials=CredentialState.NOT_TESTED, summary="Silence."
    )
    await api.verified(made["id"])
    api.store.clock.advance(60)
    await api.verified(made["id"], silent)
    data = await health(api, made["id"])
    assert data["is_healthy"] is False
    assert "no-response" in data["error"]


async def test_an_old_result_is_asked_for_anew_and_the_trunk_stays_as_it_is(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.verified(made["id"])
    api.store.clock.advance(31)
    before = (await api.client.get(f"{URL}/{made['id']}")).json()["data"]
    waiting = asyncio.create_task(health(api, made["id"]))
    liveness = api.store.installation.health.claims
    claims: list[Any] = []
    while not claims:
        await asyncio.sleep(0.01)
        claims = liveness.claim(limit=10)
    (claim,) = claims
    assert (claim.asked, claim.counts) == (True, False)
    waiting.cancel()
    assert (await api.client.get(f"{URL}/{made['id']}")).json()["data"] == before


async def test_without_any_answer_in_time_that_is_said(api: ApiUnderTest) -> None:
    made = await api.create()
    assert await health(api, made["id"]) == {
        "is_healthy": False,
        "response_time_ms": None,
        "checked_at": None,
        "error": "No answer yet; the check goes on.",
    }


@pytest.mark.parametrize("trunk_id", ["x", "01890a5d-ac96-774b-bcce-b302099a8057"])
async def test_an_unknown_trunk_is_404(api: ApiUnderTest, trunk_id: str) -> None:
    answer = await api.client.get(f"{URL}/{trunk_id}/health")
    assert (answer.status_code, answer.json()["code"]) == (404, "TRUNK_NOT_FOUND")


async def test_what_each_address_came_to_and_what_the_carrier_answered(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.verified(made["id"])
    health_of = api.store.installation.health
    api.store.clock.advance(67)
    edges = (
        EdgeResult("192.0.2.1:5061/tls", True, 12.0),
        EdgeResult("192.0.2.2:5061/tls", False, None),
    )
    (claim,) = health_of.claims.claim(limit=10)
    facts = {"Server": "Switch 1", "Warning": '399 alice "is known here"', "Retry-After": "30"}
    result = CheckResult(
        claim=claim,
        alive=True,
        reason=Reason.ALIVE,
        sip_status=200,
        latency_ms=12.0,
        facts=facts,
        edges=edges,
    )
    health_of.results.settle([result])
    data = await health(api, made["id"])
    assert data["answer"] == {
        "sip_status": 200,
        "server": "Switch 1",
        "retry_after": "30",
        "read_at": data["checked_at"],
    }
    assert "alice" not in str(data)
    first, second = data["edges"]
    told = ("edge", "checks", "answered", "average_ms", "slowest_ms")
    assert [first[name] for name in told] == ["192.0.2.1:5061/tls", 1, 1, 12.0, 12.0]
    assert [second[name] for name in told] == ["192.0.2.2:5061/tls", 1, 0, None, None]
    assert [each for each in first["latencies"] if each["answers"]] == [{"up_to_ms": 20.0, "answers": 1}]
    assert len(first["latencies"]) == 16
    assert first["latencies"][-1]["up_to_ms"] is None
