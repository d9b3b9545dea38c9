"""talkover, "Verify SIP Trunk": the caller waits."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from api.store_threads import _THREADS
from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.model import Report
from tests.api.client import ApiUnderTest
from tests.trunks.forms import make_report, with_edge
from trunks.models.verification import WayIn

URL = "/api/v1/sip-trunks"

REJECTED = make_report(
    Outcome.FAILED,
    Reason.CREDENTIALS_REJECTED,
    credentials=CredentialState.REJECTED,
    summary="The carrier rejects the username or the password.",
)


def failed(reason: Reason, outcome: Outcome = Outcome.FAILED) -> Report:
    return make_report(outcome, reason, credentials=CredentialState.NOT_TESTED, summary="It went wrong.")


async def test_a_good_trunk_in_the_vendors_shape(api: ApiUnderTest) -> None:
    made = await api.create()
    answer = await api.verified(made["id"])
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "data": {
            "is_verified": True,
            "health_status": "healthy",
            "last_health_check_at": "2026-03-01T12:00:00Z",
            "verification_id": str(api.rung[0]),
            "outcome": "verified",
            "reason": "credentials-proven",
            "advice": "",
            "credentials": "proven",
            "warnings": [],
        },
    }


@pytest.mark.parametrize(
    ("report", "error"),
    [
        (with_edge(REJECTED, 401), "Authentication failed (401)"),
        (with_edge(REJECTED, 407), "Authentication failed (407)"),
        (REJECTED, "Authentication failed (401)"),
        (
            with_edge(replace(REJECTED, reason=Reason.REGISTRATION_FORBIDDEN), 403),
            "Authentication failed (403)",
        ),
        (failed(Reason.NO_RESPONSE), "Connection timeout"),
        (failed(Reason.CONNECTION_TIMEOUT), "Connection timeout"),
        (failed(Reason.DNS_NXDOMAIN), "It went wrong."),
        (failed(Reason.CREDENTIALS_MISSING, Outcome.REACHABLE), "It went wrong."),
        (failed(Reason.OVERLOADED, Outcome.INCONCLUSIVE), "It went wrong."),
    ],
)
async def test_a_bad_trunk_is_200_with_the_vendors_words(
    api: ApiUnderTest, report: Report, error: str
) -> None:
    made = await api.create()
    answer = await api.verified(made["id"], report)
    assert answer.status_code == 200
    body = answer.json()
    assert body["success"] is False
    assert (body["data"]["is_verified"], body["data"]["error"]) == (False, error)
    assert body["data"]["reason"] == report.reason
    assert "retry_at" not in body["data"]


async def test_states_are_the_stored_ones_while_success_is_this_runs(api: ApiUnderTest) -> None:
    made = await api.create()
    await api.verified(made["id"])
    body = (await api.verified(made["id"], failed(Reason.NO_RESPONSE))).json()
    # The first silence of a verified trunk counts, and unverifies nothing.
    assert body["success"] is False
    assert (body["data"]["is_verified"], body["data"]["health_status"]) == (True, "healthy")
    assert body["data"]["error"] == "Connection timeout"


async def test_when_to_try_again_is_told(api: ApiUnderTest) -> None:
    made = await api.create()
    busy = replace(
        failed(Reason.SIP_SERVICE_UNAVAILABLE, Outcome.INCONCLUSIVE),
        retry_at=datetime(2026, 3, 1, 12, 1, 59, 121251, tzinfo=UTC),
    )
    assert (await api.verified(made["id"], busy)).json()["data"]["retry_at"] == "2026-03-01T12:02:00Z"


async def test_a_run_that_outlasts_the_wait_is_202_and_can_be_polled(api: ApiUnderTest) -> None:
    made = await api.create()
    answer = await api.client.post(f"{URL}/{made['id']}/verify")
    assert answer.status_code == 202
    verification_id = str(api.rung[0])
    assert answer.json() == {
        "success": True,
        "data": {"verification_id": verification_id, "status": "queued"},
    }
    poll = f"{URL}/{made['id']}/verifications/{verification_id}"
    found = (await api.client.get(poll)).json()["data"]
    assert (found["status"], found["finished_at"], found["report"]) == ("queued", None, None)
    api.work(make_report())(api.rung[0])
    found = (await api.client.get(poll)).json()["data"]
    assert (found["status"], found["finished_at"]) == ("done", "2026-03-01T12:00:00Z")
    assert found["report"]["reason"] == "credentials-proven"


async def test_async_does_not_wait(api: ApiUnderTest) -> None:
    made = await api.create()
    answer = await api.client.post(f"{URL}/{made['id']}/verify?async=true")
    assert answer.status_code == 202
    assert answer.json()["data"] == {"verification_id": str(api.rung[0]), "status": "queued"}


async def test_a_wrong_async_is_named(api: ApiUnderTest) -> None:
    made = await api.create()
    answer = await api.client.post(f"{URL}/{made['id']}/verify?async=perhaps")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["async"])


async def test_many_callers_wait_at_once_and_hold_no_thread(api: ApiUnderTest) -> None:
    # More than the store has threads: were one held by each, the last could not even be queued.
    trunks = [(await api.create())["id"] for _ in range(_THREADS + 5)]
    waiting = [asyncio.create_task(api.client.post(f"{URL}/{trunk}/verify")) for trunk in trunks]
    await api.wait_rung(len(trunks))
    for verification_id in api.rung:
        await asyncio.to_thread(api.work(make_report()), verification_id)
    answers = await asyncio.gather(*waiting)
    assert {answer.json()["success"] for answer in answers} == {True}


async def test_two_callers_of_one_trunk_share_a_run(api: ApiUnderTest) -> None:
    made = await api.create()
    waiting = [asyncio.create_task(api.client.post(f"{URL}/{made['id']}/verify")) for _ in range(2)]
    await api.wait_rung(2)
    assert api.rung[0] == api.rung[1]
    await asyncio.to_thread(api.work(make_report()), api.rung[0])
    answers = await asyncio.gather(*waiting)
    assert answers[0].json() == answers[1].json()


async def list_runs(api: ApiUnderTest, trunk_id: str, **query: Any) -> Any:
    answer = await api.client.get(f"{URL}/{trunk_id}/verifications", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_runs_are_listed_newest_first_by_pages(api: ApiUnderTest) -> None:
    made = await api.create()
    for _ in range(3):
        await api.verified(made["id"])
    newest_first = [str(each) for each in reversed(api.rung)]
    first = await list_runs(api, made["id"], limit=2)
    assert [each["id"] for each in first["data"]] == newest_first[:2]
    assert first["next_cursor"] == newest_first[1]
    rest = await list_runs(api, made["id"], limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in rest["data"]] == newest_first[2:]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("cursor=x", "cursor")],
)
async def test_a_wrong_page_is_named(api: ApiUnderTest, query: str, field: str) -> None:
    made = await api.create()
    answer = await api.client.get(f"{URL}/{made['id']}/verifications?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION_ERROR")
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize("verification_id", ["x", "01890a5d-ac96-774b-bcce-b302099a8057"])
async def test_an_unknown_run_is_404(api: ApiUnderTest, verification_id: str) -> None:
    made = await api.create()
    answer = await api.client.get(f"{URL}/{made['id']}/verifications/{verification_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "VERIFICATION_NOT_FOUND")


async def test_a_run_of_this_process_is_told_before_the_store_is_asked(api: ApiUnderTest) -> None:
    made = await api.create()
    waiter = api.app.state.context.waiter
    notified: list[UUID] = []

    def work(verification_id: UUID) -> None:
        api.work(make_report())(verification_id)
        notified.append(verification_id)
        waiter.notify(verification_id)

    def ring(verification_id: UUID, *, on_demand: bool = False) -> None:
        asyncio.get_running_loop().run_in_executor(None, work, verification_id)

    api.on_ring = ring
    answer = await api.client.post(f"{URL}/{made['id']}/verify")
    assert answer.status_code == 200
    assert notified == api.rung


async def test_only_a_caller_who_waits_is_served_before_the_queue(api: ApiUnderTest) -> None:
    made = await api.create()
    trunk_id, ways = UUID(made["id"]), []

    def look(verification_id: UUID) -> None:
        ways.append(api.store.run(trunk_id, verification_id).way_in)
        if ways[-1] is WayIn.ON_DEMAND:
            asyncio.get_running_loop().run_in_executor(None, api.work(make_report()), verification_id)

    api.on_ring = look
    assert (await api.client.post(f"{URL}/{trunk_id}/verify?async=true")).status_code == 202
    assert (await api.client.post(f"{URL}/{trunk_id}/verify")).status_code == 200
    assert ways == [WayIn.QUEUED, WayIn.ON_DEMAND]
