"""A test of a trunk before it is entered (ours)."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import text

from api.talkover.trunks.trunk_bodies import CreateTrunk
from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.api.client import BODY, ApiUnderTest
from tests.trunks.forms import make_report

URL = "/api/v1/sip-trunks"


def rows(api: ApiUnderTest) -> dict[str, int]:
    tables = ("trunks", "gateways", "verifications", "flips")
    with api.store.installation.database.read() as session:
        return {
            table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in tables
        }


NOTHING = {"trunks": 0, "gateways": 0, "verifications": 0, "flips": 0}


async def test_a_good_one_is_told_and_not_stored(api: ApiUnderTest) -> None:
    api.on_ring = api.work(make_report())
    answer = await api.client.post(f"{URL}/verify", json=BODY)
    assert answer.status_code == 200
    body = answer.json()
    assert body["success"] is True
    assert body["data"]["report"]["reason"] == "credentials-proven"
    del body["data"]["report"]
    assert body["data"] == {
        "is_verified": True,
        "health_status": "healthy",
        "last_health_check_at": "2026-03-01T12:00:00Z",
        "outcome": "verified",
        "reason": "credentials-proven",
        "advice": "",
        "credentials": "proven",
        "warnings": [],
    }
    assert rows(api) == NOTHING


async def test_a_bad_one_is_told_in_the_vendors_words(api: ApiUnderTest) -> None:
    api.on_ring = api.work(
        make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
    )
    body = (await api.client.post(f"{URL}/verify", json=BODY)).json()
    assert (body["success"], body["data"]["error"]) == (False, "Authentication failed (401)")
    assert rows(api) == NOTHING


async def test_one_that_does_not_end_leaves_nothing(api: ApiUnderTest) -> None:
    answer = await api.client.post(f"{URL}/verify", json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (503, "VERIFICATION_UNFINISHED")
    assert rows(api) == NOTHING
    # The worker that has it at last finds nothing to do.
    assert api.store.claim(api.rung[0]) is None


async def test_while_it_runs_nobody_sees_it(api: ApiUnderTest) -> None:
    waiting = asyncio.create_task(api.client.post(f"{URL}/verify", json=BODY))
    await api.wait_rung(1)
    assert (await api.client.get(URL)).json()["data"] == []
    with api.store.installation.database.read() as session:
        trunk_id = session.execute(text("SELECT id FROM trunks")).scalar_one()
    for method, path in (
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("GET", "/verifications"),
        ("GET", "/dids"),
    ):
        answer = await api.client.request(method, f"{URL}/{UUID(str(trunk_id))}{path}", json={})
        assert answer.status_code == 404, (method, path)
    await waiting


async def test_a_process_that_was_killed_leaves_no_draft_for_ever(api: ApiUnderTest) -> None:
    installation = api.store.installation
    installation.catalog.dry_runs.begin(api.store.caller, CreateTrunk(**BODY).to_trunk())
    api.store.clock.advance(installation.settings.verify_wait_seconds + 61)
    installation.catalog.unsaved.remove_left_behind()
    assert rows(api) == NOTHING


async def test_a_wrong_field_is_named_as_at_creation(api: ApiUnderTest) -> None:
    wrong: dict[str, Any] = {"domain": "a b", "port": 0}
    answer = await api.client.post(f"{URL}/verify", json=BODY | wrong)
    assert (answer.status_code, sorted(answer.json()["errors"])) == (422, ["domain", "port"])


async def test_a_plan_without_custom_trunks_is_refused(api: ApiUnderTest) -> None:
    headers = {"Authorization": f"Bearer {api.forbid_custom_trunks()}"}
    answer = await api.client.post(f"{URL}/verify", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "CUSTOM_SIP_TRUNKS_NOT_ALLOWED")
    assert rows(api) == NOTHING
