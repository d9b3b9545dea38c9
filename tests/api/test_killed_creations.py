"""A process dies behind each transaction of each creating call; the same request with the same key ends well.

What dies here is a process whose store is away from some transaction on, which is all that kill -9 leaves of it.
tests/trunkd/test_killed_creations.py kills real ones.
"""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.autocalls import routes as autocalls
from tests.api.client import BODY, ApiUnderTest
from tests.api.test_autocalls import EXTENSION, NUMBER
from tests.trunks.forms import PASSWORD
from trunks.errors import StoreUnavailable
from trunks.installation.settings import Settings
from trunks.models.phone_number import PhoneNumber
from trunks.models.provision import Provision
from trunks.models.trunk import Trunk
from trunks.store.database import Database
from trunks.tenancy.idempotent_requests import LEASE_SECONDS
from trunks.voice.provisioner import FailureCause, ProvisionerName, ProvisioningFailed
from trunks.voice.sides import SideIds

TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
# More transactions than any call has.
MOST_STEPS = 30
LEFT_BEHIND_SECONDS = 600.0
# Longer than the lease of a worker that provisions.
LOST_WORKER_SECONDS = 40.0

Rows = tuple[int, int]


@dataclass(frozen=True)
class Creation:
    """A call that makes so many trunks and numbers; `place` is a trunk that is there, n tells one body from another."""

    url: Callable[[str], str]
    body: Callable[[int], dict[str, Any]]
    makes: Rows


def _bolna(n: int) -> dict[str, Any]:
    return {
        "name": f"Carrier {n}",
        "provider": "carrier-x",
        "auth_type": "userpass",
        "auth_username": "user_42",
        "auth_password": PASSWORD,
        "gateways": [{"gateway_address": "sip.carrier.example"}],
        "phone_numbers": [{"phone_number": f"+1202555{1000 + n}"}, {"phone_number": f"1202555{2000 + n}"}],
    }


CREATIONS = {
    "talkover-trunk": Creation(lambda place: TALKOVER, lambda n: BODY, (1, 0)),
    "talkover-did": Creation(
        lambda place: f"{TALKOVER}/{place}/dids",
        lambda n: {"country_code": "US", "number": f"+1415555{1000 + n}"},
        (0, 1),
    ),
    "autocalls-extension": Creation(
        lambda place: AUTOCALLS, lambda n: EXTENSION | {"phone_number": str(1000 + n)}, (1, 0)
    ),
    "autocalls-number": Creation(
        lambda place: AUTOCALLS, lambda n: NUMBER | {"phone_number": f"+1212555{1000 + n}"}, (1, 1)
    ),
    "bolna-trunk": Creation(lambda place: BOLNA, _bolna, (1, 2)),
    "bolna-number": Creation(
        lambda place: f"{BOLNA}/{place}/numbers", lambda n: {"phone_number": f"1303555{1000 + n}"}, (0, 1)
    ),
}


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, *, transactions: int) -> Iterator[Callable[[], bool]]:
    """Let a process write so often and then find no store any more; what is given tells whether it came to that."""
    left, died = transactions, False
    write, read = Database.write, Database.read

    @contextmanager
    def writing(database: Database, **given: Any) -> Iterator[Session]:
        nonlocal left, died
        died = died or left == 0
        if died:
            raise StoreUnavailable
        left -= 1
        with write(database, **given) as session:
            yield session

    @contextmanager
    def reading(database: Database) -> Iterator[Session]:
        if died:
            raise StoreUnavailable
        with read(database) as session:
            yield session

    with monkeypatch.context() as patched:
        patched.setattr(Database, "write", writing)
        patched.setattr(Database, "read", reading)
        yield lambda: died


Again = Callable[[], Awaitable[ApiUnderTest]]


async def send(to: ApiUnderTest, creation: Creation, place: str, n: int) -> httpx.Response:
    headers = {"Idempotency-Key": f"key-{n}"}
    return await to.client.post(creation.url(place), json=creation.body(n), headers=headers)


async def die_at_each_step(
    api: ApiUnderTest, again: Again, monkeypatch: pytest.MonkeyPatch, creation: Creation
) -> int:
    """Send a request to a process that dies ever later, and again to another; how often it died."""
    place = (await api.create(name="There before"))["id"]
    other = await again()
    before = rows(api)

    assert (
        await send(api, creation, place, MOST_STEPS)
    ).status_code == 201  # the installation's own keys are made by now
    for n in range(MOST_STEPS):
        with dying(monkeypatch, transactions=n) as died:
            first = await send(api, creation, place, n)
        if not died():
            assert first.status_code == 201, first.text
            break
        api.store.clock.advance(LEASE_SECONDS + 1)
        ended = await send(other, creation, place, n)
        assert ended.status_code == 201, (n, ended.text)
        if first.status_code == 201:
            assert ended.json() == first.json()
        replayed = await send(api, creation, place, n)
        assert (replayed.content, replayed.headers["Idempotent-Replayed"]) == (ended.content, "true")
        assert PASSWORD not in ended.text
    else:
        raise AssertionError(f"more than {MOST_STEPS} transactions")
    api.store.clock.advance(LEFT_BEHIND_SECONDS)
    api.store.installation.catalog.unsaved.remove_left_behind()
    made = n + 2
    assert rows(api) == (before[0] + made * creation.makes[0], before[1] + made * creation.makes[1])
    return n


def rows(api: ApiUnderTest) -> Rows:
    """Count trunks, drafts among them, and numbers."""
    return count(api, Trunk), count(api, PhoneNumber)


def count(api: ApiUnderTest, table: type[Trunk] | type[PhoneNumber] | type[Provision]) -> int:
    with api.store.installation.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("name", CREATIONS)
async def test_the_retry_ends_in_the_first_answer_or_finishes_the_work(
    api: ApiUnderTest, make_another_api: Again, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert await die_at_each_step(api, make_another_api, monkeypatch, CREATIONS[name]) >= 3


class FirstWorker(StrEnum):
    """What the worker beside the process that dies does with the sides."""

    WORKS = "works"
    FAILS = "fails"
    IS_AWAY = "is-away"


class Sides:
    """The voice infrastructure, and the worker that keeps it."""

    def __init__(self, api: ApiUnderTest, worker: FirstWorker = FirstWorker.WORKS) -> None:
        self.standing: dict[UUID, SideIds] = {}
        self.worker = worker
        self._database = api.store.installation.database
        self._claims = api.store.installation.provisions.claims
        self._numbers = itertools.count()

    def work(self, trunk_id: UUID) -> None:
        self._claims.tend()  # what a lost worker had is taken back
        claim = None if self.worker is FirstWorker.IS_AWAY else self._claims.claim(trunk_id)
        if claim is None:
            return
        if claim.blueprint is None:
            self.standing.pop(trunk_id, None)
            self._claims.finish(claim, SideIds())
        elif self.worker is FirstWorker.FAILS:
            self._claims.fail(claim, ProvisioningFailed(FailureCause.REFUSED, "It was refused."))
        else:
            n = next(self._numbers)
            self.standing[trunk_id] = claim.known if claim.known.known else SideIds(f"in-{n}", f"out-{n}")
            self._claims.finish(claim, self.standing[trunk_id])

    def work_off(self) -> None:
        """Do whatever is left to do."""
        with self._database.read() as session:
            trunk_ids = session.scalars(select(Provision.trunk_id)).all()
        for trunk_id in trunk_ids:
            self.work(trunk_id)


@pytest.fixture
def store_settings_of_api(store_settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Provision, where a test asks for sides."""
    given: dict[str, Any] = {"verify_wait_seconds": 2.0}
    if "sides" in request.fixturenames:
        given["provisioner"] = ProvisionerName.LIVEKIT
    return store_settings.model_copy(update=given)


@pytest.fixture
def sides(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> Sides:
    monkeypatch.setattr(autocalls, "_PROVISION_WAIT_SECONDS", 0.1)
    return Sides(api)


def answers_soon(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.app.state.context.waiter, "_poll_seconds", 0.01)


@pytest.mark.parametrize("worker", FirstWorker)
@pytest.mark.parametrize("name", ["autocalls-extension", "autocalls-number"])
async def test_a_trunk_with_its_sides_is_finished_too(
    api: ApiUnderTest,
    make_another_api: Again,
    monkeypatch: pytest.MonkeyPatch,
    sides: Sides,
    name: str,
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
        with dying(monkeypatch, transactions=n) as died:
            first = await send(api, creation, place, n)
        sides.worker = FirstWorker.WORKS
        api.store.clock.advance(LOST_WORKER_SECONDS)
        ended = await send(other, creation, place, n)
        assert ended.status_code == 201, (n, first.text, ended.text)
        assert ended.json()["data"]["inbound_trunk_id"].startswith("in-")
        assert (await send(api, creation, place, n)).content == ended.content
        if not died():
            break
    api.store.clock.advance(LEFT_BEHIND_SECONDS)
    api.store.installation.catalog.unsaved.remove_left_behind()
    sides.work_off()
    made = n + 2
    assert rows(api) == (before[0] + made, before[1] + made * creation.makes[1])
    assert count(api, Provision) == len(sides.standing) == made


async def test_whoever_dies_for_good_leaves_nothing(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, sides: Sides
) -> None:
    api.on_ring_provision = sides.work
    answers_soon(api, monkeypatch)
    assert (await api.client.post(AUTOCALLS, json=NUMBER)).status_code == 201
    before = rows(api)
    for n in range(1, MOST_STEPS):
        body = NUMBER | {"phone_number": f"+1212555{1000 + n}"}
        with dying(monkeypatch, transactions=n) as died:
            await api.client.post(AUTOCALLS, json=body)
        if not died():
            break
    api.store.clock.advance(LEFT_BEHIND_SECONDS)
    api.store.installation.catalog.unsaved.remove_left_behind()
    sides.work_off()
    # The last that was begun is whole, and so is one that died behind its work.
    trunks = rows(api)[0] - before[0]
    assert 1 <= trunks <= 3
    assert count(api, Provision) == len(sides.standing) == trunks + 1


async def test_a_draft_of_another_request_is_no_trunk_yet(
    api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch, sides: Sides
) -> None:
    """Whoever meets a trunk that is being made is told so, and nothing of it is kept under his key."""
    answers_soon(api, monkeypatch)
    sides.worker = FirstWorker.IS_AWAY
    made = await api.client.post(TALKOVER, json=BODY, headers={"Idempotency-Key": "before"})
    place = made.json()["data"]["id"]
    with dying(monkeypatch, transactions=2):
        await api.client.post(AUTOCALLS, json=NUMBER, headers={"Idempotency-Key": "first"})
    assert count(api, PhoneNumber) == 1
    did = {"country_code": "US", "number": NUMBER["phone_number"]}
    met = [
        (AUTOCALLS, NUMBER),
        (AUTOCALLS, NUMBER | {"sip_address": "sip.other.example"}),
        (f"{TALKOVER}/{place}/dids", did),
        (f"{BOLNA}/{place}/numbers", {"phone_number": NUMBER["phone_number"]}),
        (BOLNA, _bolna(1) | {"phone_numbers": [{"phone_number": NUMBER["phone_number"]}]}),
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
