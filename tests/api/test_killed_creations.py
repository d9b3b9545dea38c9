"""A process ends at each transaction of each creating call; the same request with the same key ends well.

What is killed here is a process whose store is away from some transaction on, which is all that kill -9 leaves of it;
what TERM does to a request is done to it here. tests/trunkd/test_killed_creations.py ends real processes.
"""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from api.autocalls import routes as autocalls
from tests.api.client import BODY, ApiUnderTest
from tests.api.creations import (
    AUTOCALLS,
    BOLNA,
    CREATIONS,
    LEFT_BEHIND_SECONDS,
    LOST_WORKER_SECONDS,
    MOST_STEPS,
    TALKOVER,
    Again,
    Creation,
    FirstWorker,
    Sides,
    answers_soon,
    bolna_body,
    count,
    rows,
    send,
)
from tests.api.endings import Ending, ending
from tests.api.test_autocalls import NUMBER
from tests.trunks.forms import LIVEKIT_AWAY, PASSWORD, make_report
from trunks.installation.settings import Settings
from trunks.models.phone_number import PhoneNumber
from trunks.models.provision import Provision
from trunks.models.verification import Verification
from trunks.repositories.verifications import Verifications
from trunks.runs.claimed_run import ClaimedRun
from trunks.tenancy.idempotent_requests import LEASE_SECONDS


async def end_at_each_step(
    api: ApiUnderTest, again: Again, monkeypatch: pytest.MonkeyPatch, creation: Creation, how: Ending
) -> int:
    """Send a request to a process that ends ever later, and again to another; how often it ended."""
    place = (await api.create(name="There before"))["id"]
    other = await again()
    before = rows(api)
    # The installation's own keys are made by now.
    assert (await send(api, creation, place, MOST_STEPS)).status_code == 201
    for n in range(MOST_STEPS):
        first_one = await again() if how is Ending.DISMISSED else api
        with ending(how, first_one, monkeypatch, transactions=n) as ended:
            first = await ended.answer_of(asyncio.create_task(send(first_one, creation, place, n)))
        if not ended.came:
            assert first is not None
            assert first.status_code == 201, first.text
            break
        is_told = first is not None and first.status_code == 201
        if how.leaves_a_lease or is_told:  # also where the answer could not be kept
            api.store.clock.advance(LEASE_SECONDS + 1)
        second = await send(other, creation, place, n)
        assert second.status_code == 201, (n, second.text)
        if first is not None and is_told:
            assert second.json() == first.json()
        replayed = await send(api, creation, place, n)
        assert (replayed.content, replayed.headers["Idempotent-Replayed"]) == (second.content, "true")
        assert PASSWORD not in second.text
    else:
        raise AssertionError(f"more than {MOST_STEPS} transactions")
    api.store.clock.advance(LEFT_BEHIND_SECONDS)
    api.store.installation.catalog.unsaved.remove_left_behind()
    made = n + 2
    assert rows(api) == (before[0] + made * creation.makes[0], before[1] + made * creation.makes[1])
    assert count(api, Verification) == made * creation.is_verified
    return n


# In every run each call is killed, and each other ending is met by those that it differs in.
IN_EVERY_RUN = {
    *((name, Ending.KILLED) for name in CREATIONS),
    *(
        (name, Ending.BROKEN_OFF)
        for name in ("talkover-trunk", "talkover-did", "autocalls-number", "bolna-trunk")
    ),
    *((name, Ending.STORE_AWAY) for name in ("autocalls-number", "bolna-trunk")),
    ("bolna-trunk", Ending.BROKEN_OFF_AND_LOST),
    ("autocalls-extension", Ending.DISMISSED),
}
KILLED_OR_BROKEN_OFF = [Ending.KILLED, pytest.param(Ending.BROKEN_OFF, marks=pytest.mark.long)]
ENDINGS = [
    pytest.param(name, how, marks=() if (name, how) in IN_EVERY_RUN else pytest.mark.long)
    for name in CREATIONS
    for how in Ending
]


@pytest.mark.parametrize(("name", "how"), ENDINGS)
async def test_the_retry_ends_in_the_first_answer_or_finishes_the_work(
    api: ApiUnderTest, make_another_api: Again, monkeypatch: pytest.MonkeyPatch, name: str, how: Ending
) -> None:
    assert await end_at_each_step(api, make_another_api, monkeypatch, CREATIONS[name], how) >= 3


@pytest.fixture
def store_settings_of_api(store_settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Provision, where a test asks for sides."""
    given: dict[str, Any] = {"verify_wait_seconds": 2.0}
    if "sides" in request.fixturenames:
        given |= LIVEKIT_AWAY
    return store_settings.model_copy(update=given)


@pytest.fixture
def sides(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> Sides:
    monkeypatch.setattr(autocalls, "_PROVISION_WAIT_SECONDS", 0.1)
    return Sides(api)


ENDINGS_WITH_SIDES = [
    *(
        pytest.param("autocalls-extension", Ending.KILLED, worker, marks=pytest.mark.long)
        for worker in FirstWorker
    ),
    *(("autocalls-number", Ending.KILLED, worker) for worker in FirstWorker),
    ("autocalls-number", Ending.STORE_AWAY, FirstWorker.WORKS),
    ("autocalls-number", Ending.BROKEN_OFF, FirstWorker.WORKS),
    ("autocalls-extension", Ending.BROKEN_OFF, FirstWorker.IS_AWAY),
    ("autocalls-number", Ending.DISMISSED, FirstWorker.IS_AWAY),
    pytest.param("autocalls-number", Ending.DISMISSED, FirstWorker.FAILS, marks=pytest.mark.long),
    pytest.param(
        "autocalls-extension", Ending.BROKEN_OFF_AND_LOST, FirstWorker.WORKS, marks=pytest.mark.long
    ),
]


@pytest.mark.parametrize(("name", "how", "worker"), ENDINGS_WITH_SIDES)
async def test_a_trunk_with_its_sides_is_finished_too(
    api: ApiUnderTest,
    make_another_api: Again,
    monkeypatch: pytest.MonkeyPatch,
    sides: Sides,
    name: str,
    how: Ending,
    worker: FirstWorker,
) -> None:
    creation = CREATIONS[name]
    place = (await api.create(name="There before"))["id"]
    other = await make_another_api()
    for each in (api, other):
        each.on_ring_provision = sides.work
        answers_soon(each, monkeypatch)
    before = rows(api)

    assert (await send(api, creation, place, MOST_STEPS)).status_code == 201
    for n in range(MOST_STEPS):
        sides.worker = worker
        first_one = api
        if how is Ending.DISMISSED:
            first_one = await make_another_api()
            first_one.on_ring_provision = sides.work
            answers_soon(first_one, monkeypatch)
        with ending(how, first_one, monkeypatch, transactions=n) as ended:
            first = await ended.answer_of(asyncio.create_task(send(first_one, creation, place, n)))
        sides.worker = FirstWorker.WORKS
        api.store.clock.advance(LOST_WORKER_SECONDS)
        second = await send(other, creation, place, n)
        assert second.status_code == 201, (n, first and first.text, second.text)
        assert second.json()["data"]["inbound_trunk_id"].startswith("in-")
        assert (await send(api, creation, place, n)).content == second.content
        if not ended.came:
            break
    api.store.clock.advance(LEFT_BEHIND_SECONDS)
    api.store.installation.catalog.unsaved.remove_left_behind()
    sides.work_off()
    made = n + 2
    assert rows(api) == (before[0] + made, before[1] + made * creation.makes[1])
    assert count(api, Provision) == len(sides.standing) == made
    assert count(api, Verification) == made


@pytest.mark.parametrize("how", KILLED_OR_BROKEN_OFF)
async def test_whoever_ends_for_good_leaves_nothing_half_made(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, sides: Sides, how: Ending
) -> None:
    api.on_ring_provision = sides.work
    answers_soon(api, monkeypatch)
    assert (await api.client.post(AUTOCALLS, json=NUMBER)).status_code == 201
    before = rows(api)
    for n in range(1, MOST_STEPS):
        body = NUMBER | {"phone_number": f"+1212555{1000 + n}"}
        with ending(how, api, monkeypatch, transactions=n) as ended:
            await ended.answer_of(asyncio.create_task(api.client.post(AUTOCALLS, json=body)))
        if not ended.came:
            break
    api.store.clock.advance(LEFT_BEHIND_SECONDS)
    api.store.installation.catalog.unsaved.remove_left_behind()
    sides.work_off()
    # The last that was begun is whole, and so is one that ended behind its work.
    trunks = rows(api)[0] - before[0]
    assert 1 <= trunks <= 3
    assert count(api, Provision) == len(sides.standing) == trunks + 1
    assert len(to_be_verified(api)) == trunks + 1


def to_be_verified(api: ApiUnderTest) -> set[UUID]:
    """Claim the runs that are due, as any worker does that looks through them, and give their trunks."""
    return trunks_of(api, api.store.installation.runs.claims.claim(limit=1000).runs)


def trunks_of(api: ApiUnderTest, claimed: Sequence[ClaimedRun]) -> set[UUID]:
    with api.store.installation.database.read() as session:
        found = {Verifications(session).trunk_of(run.verification_id) for run in claimed}
    assert len(found) == len(claimed)
    return {trunk_id for trunk_id in found if trunk_id is not None}


@pytest.mark.parametrize("name", ["autocalls-number", "bolna-trunk"])
async def test_who_is_never_asked_for_again_is_verified_all_the_same(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever created or moved a trunk is gone behind it: a worker finds what is to be verified within a minute."""
    place = (await api.create(name="There before"))["id"]
    assert (await send(api, CREATIONS[name], place, MOST_STEPS)).status_code == 201
    trunks = rows(api)[0]
    for n in range(1, MOST_STEPS):
        with ending(Ending.KILLED, api, monkeypatch, transactions=n) as ended:
            await ended.answer_of(asyncio.create_task(send(api, CREATIONS[name], place, n)))
        if not ended.came:
            break
    made = rows(api)[0] - trunks
    assert made >= 3
    api.store.clock.advance(LEFT_BEHIND_SECONDS)
    assert len(to_be_verified(api)) == made + 1


# Each changes where a trunk leads.
MOVES = {
    "autocalls-number": ("PUT", AUTOCALLS, {"sip_address": "second.carrier.example"}),
    "bolna-trunk": ("PATCH", BOLNA, {"gateways": [{"gateway_address": "second.carrier.example"}]}),
}


@pytest.mark.parametrize("how", KILLED_OR_BROKEN_OFF)
@pytest.mark.parametrize("name", MOVES)
async def test_a_moved_trunk_is_verified_whatever_happens_to_who_moved_it(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, name: str, how: Ending
) -> None:
    method, url, change = MOVES[name]
    for n in range(MOST_STEPS):
        place = (await send(api, CREATIONS[name], "", n)).json()
        row_id = place["data"]["id"] if name.startswith("autocalls") else place["id"]
        (trunk_id,) = verify_all(api)
        with ending(how, api, monkeypatch, transactions=n) as ended:
            moving = asyncio.create_task(api.client.request(method, f"{url}/{row_id}", json=change))
            await ended.answer_of(moving)
        api.store.clock.advance(LEFT_BEHIND_SECONDS)
        assert api.store.trunk(trunk_id).is_verified or trunk_id in verify_all(api)
        if not ended.came:
            break
    assert n >= 2


def verify_all(api: ApiUnderTest) -> set[UUID]:
    """Play the worker: whatever is due is verified."""
    claimed = api.store.installation.runs.claims.claim(limit=1000).runs
    for each in claimed:
        assert api.store.finish(each, make_report())
    return trunks_of(api, claimed)


async def test_a_draft_of_another_request_is_no_trunk_yet(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, sides: Sides
) -> None:
    """Whoever meets a trunk that is being made is told so, and nothing of it is kept under his key."""
    answers_soon(api, monkeypatch)
    sides.worker = FirstWorker.IS_AWAY
    made = await api.client.post(TALKOVER, json=BODY, headers={"Idempotency-Key": "before"})
    place = made.json()["data"]["id"]
    # Behind its claim, our mark on the infrastructure, and the draft.
    with ending(Ending.KILLED, api, monkeypatch, transactions=3):
        await api.client.post(AUTOCALLS, json=NUMBER, headers={"Idempotency-Key": "first"})
    assert count(api, PhoneNumber) == 1
    did = {"country_code": "US", "number": NUMBER["phone_number"]}
    met = [
        (AUTOCALLS, NUMBER),
        (AUTOCALLS, NUMBER | {"sip_address": "sip.other.example"}),
        (f"{TALKOVER}/{place}/dids", did),
        (f"{BOLNA}/{place}/numbers", {"phone_number": NUMBER["phone_number"]}),
        (BOLNA, bolna_body(1) | {"phone_numbers": [{"phone_number": NUMBER["phone_number"]}]}),
    ]
    for number, (url, body) in enumerate(met):
        answer = await api.client.post(url, json=body, headers={"Idempotency-Key": f"other-{number}"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (409, "10"), (url, answer.text)
        assert "being created at this moment" in answer.text
    api.store.clock.advance(LEFT_BEHIND_SECONDS)
    api.store.installation.catalog.unsaved.remove_left_behind()
    sides.worker = FirstWorker.WORKS
    api.on_ring_provision = sides.work
    answer = await api.client.post(AUTOCALLS, json=NUMBER, headers={"Idempotency-Key": "other-0"})
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)
