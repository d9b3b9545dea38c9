"""A run that waits since the carrier's address rests, as each dialect tells it (docs/reasons/address-resting.md)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from sipcheck.reasons import Reason
from tests.api.client import BODY, ApiUnderTest
from tests.api.test_autocalls import EXTENSION
from tests.api.test_bolna import USERPASS
from tests.trunks.forms import make_report
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.recovery import Return
from trunks.runs.service_report import service_report

TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
RETRY_AT = datetime(2026, 3, 1, 12, 8, tzinfo=UTC)


def resting(api: ApiUnderTest) -> Callable[[UUID], None]:
    """Play a worker that finds the address at rest."""

    def rest(verification_id: UUID) -> None:
        claim = api.store.claim(verification_id)
        assert claim is not None
        told = service_report(
            Reason.ADDRESS_RESTING,
            claim.first,
            started_at=claim.claimed_at,
            finished_at=claim.claimed_at,
            retry_at=RETRY_AT,
        )
        assert give_back(api, claim, told)

    return rest


def give_back(api: ApiUnderTest, claim: ClaimedRun, told: Any) -> bool:
    (ours,) = api.store.installation.runs.recovery.give_back([Return(claim, 480.0, told=told)])
    return ours


async def test_talkover_answers_the_caller_and_the_run_goes_on(api: ApiUnderTest) -> None:
    made = await api.create()
    api.on_ring = resting(api)
    answer = await api.client.post(f"{TALKOVER}/{made['id']}/verify")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["success"] is False
    data = body["data"]
    assert (data["outcome"], data["reason"]) == ("inconclusive", "address-resting")
    assert (data["retry_at"], data["credentials"]) == ("2026-03-01T12:08:00Z", "not-tested")
    assert "12:08:00 UTC" in data["advice"]
    poll = f"{TALKOVER}/{made['id']}/verifications/{data['verification_id']}"
    found = (await api.client.get(poll)).json()["data"]
    assert (found["status"], found["reason"], found["finished_at"]) == ("queued", "address-resting", None)

    api.store.clock.advance(480)
    api.work(make_report())(UUID(data["verification_id"]))
    found = (await api.client.get(poll)).json()["data"]
    assert (found["status"], found["reason"]) == ("done", "credentials-proven")


async def test_whoever_asks_anew_waits_for_a_new_answer(api: ApiUnderTest) -> None:
    made = await api.create()
    api.on_ring = resting(api)
    await api.client.post(f"{TALKOVER}/{made['id']}/verify")
    assert (await api.verified(made["id"])).json()["data"]["reason"] == "credentials-proven"


async def test_talkovers_dry_run_is_told_too(api: ApiUnderTest) -> None:
    api.on_ring = resting(api)
    answer = await api.client.post(f"{TALKOVER}/verify", json=BODY)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert (data["reason"], data["retry_at"]) == ("address-resting", "2026-03-01T12:08:00Z")


async def test_bolna_answers_the_trunk_with_it(api: ApiUnderTest) -> None:
    made = (await api.client.post(BOLNA, json=USERPASS)).json()
    api.on_ring = resting(api)
    answer = await api.client.post(f"{BOLNA}/{made['id']}/verify")
    assert answer.status_code == 200, answer.text
    assert answer.json()["reason"] == "address-resting"
    assert answer.json()["last_verification"]["reason"] == "address-resting"


@pytest.mark.parametrize(
    ("url", "body", "key"),
    [(BOLNA, USERPASS, "id"), (AUTOCALLS, EXTENSION, "id")],
    ids=["bolna", "autocalls"],
)
async def test_a_trunk_whose_first_run_waits_says_so(
    api: ApiUnderTest, url: str, body: dict[str, Any], key: str
) -> None:
    api.on_ring = resting(api)
    made = (await api.client.post(url, json=body)).json()
    made = made.get("data", made)
    shown = (await api.client.get(f"{url}/{made[key]}")).json()
    shown = shown.get("data", shown)
    assert shown["last_verification"]["reason"] == "address-resting"
    assert "12:08:00 UTC" in shown["last_verification"]["advice"]
    assert shown["is_verified"] is False
