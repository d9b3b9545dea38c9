"""A trunk that is edited or removed while callers wait for its verification: they are answered, at once and truly."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.api.client import ApiUnderTest
from tests.trunks.forms import make_report
from trunks.installation.settings import Settings

TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
DIALECTS = pytest.mark.parametrize("url", [TALKOVER, BOLNA])
# Less than the wait for a run, and more than a poll takes on a busy machine.
PROMPTLY_SECONDS = 15.0


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    return store_settings.model_copy(update={"verify_wait_seconds": 60.0})


async def begin(api: ApiUnderTest, url: str, trunk_id: str) -> "asyncio.Task[httpx.Response]":
    """Begin to wait for a run that is under way."""
    waiting = asyncio.create_task(api.client.post(f"{url}/{trunk_id}/verify"))
    await api.wait_rung(1)
    return waiting


async def answer_of(waiting: "asyncio.Task[httpx.Response]") -> httpx.Response:
    return await asyncio.wait_for(waiting, PROMPTLY_SECONDS)


@DIALECTS
async def test_whoever_waits_for_a_trunk_that_is_edited_is_told_so(api: ApiUnderTest, url: str) -> None:
    made = await api.create()
    waiting = await begin(api, url, made["id"])
    claim = api.store.claim(api.rung[0])
    assert claim is not None
    assert (await api.client.patch(f"{TALKOVER}/{made['id']}", json={"port": 5071})).status_code == 200
    answer = await answer_of(waiting)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    data = body["data"] if url == TALKOVER else body
    if url == TALKOVER:
        assert (body["success"], data["error"]) == (False, "The trunk was changed meanwhile; verify again.")
    else:
        assert data["advice"] == "The trunk was changed meanwhile; verify again."
    assert (data["outcome"], data["reason"], data["is_verified"]) == ("inconclusive", "cancelled", False)
    assert data["verification_id"] == str(api.rung[0])
    # What the run comes to is kept, and changes nothing; to verify again is another run.
    assert api.store.finish(claim, make_report())
    found = (await api.client.get(f"{TALKOVER}/{made['id']}")).json()["data"]
    assert (found["is_verified"], found["last_verification"]) == (False, None)
    again = await api.verified(made["id"])
    assert again.json()["success"] is True
    assert again.json()["data"]["verification_id"] != data["verification_id"]


@DIALECTS
async def test_a_run_that_ends_after_the_edit_is_not_said_to_work(api: ApiUnderTest, url: str) -> None:
    made = await api.create()

    def edited_then_done(verification_id: Any) -> None:
        claim = api.store.claim(verification_id)
        assert claim is not None
        api.store.edit(claim.first.trunk_id)
        assert api.store.finish(claim, make_report())

    api.on_ring = edited_then_done
    answer = await api.client.post(f"{url}/{made['id']}/verify")
    assert answer.status_code == 200
    assert "The trunk works" not in answer.text
    assert "The trunk was changed meanwhile; verify again." in answer.text


@DIALECTS
async def test_a_run_that_is_queued_takes_the_edit_along(api: ApiUnderTest, url: str) -> None:
    made = await api.create()
    waiting = await begin(api, url, made["id"])
    assert (await api.client.patch(f"{TALKOVER}/{made['id']}", json={"port": 5071})).status_code == 200
    api.work(make_report())(api.rung[0])
    data = (await answer_of(waiting)).json()
    assert (data.get("data") or data)["is_verified"] is True


@DIALECTS
@pytest.mark.parametrize("is_claimed", [False, True])
async def test_whoever_waits_for_a_trunk_that_is_removed_is_told_so(
    api: ApiUnderTest, url: str, is_claimed: bool
) -> None:
    made = await api.create()
    waiting = await begin(api, url, made["id"])
    claim = api.store.claim(api.rung[0]) if is_claimed else None
    assert (await api.client.delete(f"{TALKOVER}/{made['id']}")).status_code == 200
    answer = await answer_of(waiting)
    assert answer.status_code == 404, answer.text
    if claim is not None:
        assert not api.store.finish(claim, make_report())
