"""Every call of every dialect that creates something, and the sides that stand for it."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from tests.api.client import BODY, ApiUnderTest
from tests.api.test_autocalls import EXTENSION, NUMBER
from tests.trunks.forms import PASSWORD
from trunks.models.phone_number import PhoneNumber
from trunks.models.provision import Provision
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
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
    """A call that makes so many trunks and numbers; `place` is a trunk that is there, n tells one body from another.

    `is_verified` says whether what it makes is verified by itself.
    """

    url: Callable[[str], str]
    body: Callable[[int], dict[str, Any]]
    makes: Rows
    is_verified: bool = False


def bolna_body(n: int) -> dict[str, Any]:
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
        lambda place: AUTOCALLS, lambda n: EXTENSION | {"phone_number": str(1000 + n)}, (1, 0), True
    ),
    "autocalls-number": Creation(
        lambda place: AUTOCALLS, lambda n: NUMBER | {"phone_number": f"+1212555{1000 + n}"}, (1, 1), True
    ),
    "bolna-trunk": Creation(lambda place: BOLNA, bolna_body, (1, 2), True),
    "bolna-number": Creation(
        lambda place: f"{BOLNA}/{place}/numbers", lambda n: {"phone_number": f"1303555{1000 + n}"}, (0, 1)
    ),
}


Again = Callable[[], Awaitable[ApiUnderTest]]


async def send(to: ApiUnderTest, creation: Creation, place: str, n: int) -> httpx.Response:
    headers = {"Idempotency-Key": f"key-{n}"}
    return await to.client.post(creation.url(place), json=creation.body(n), headers=headers)


def rows(api: ApiUnderTest) -> Rows:
    """Count trunks, drafts among them, and numbers."""
    return count(api, Trunk), count(api, PhoneNumber)


def count(api: ApiUnderTest, table: type[Trunk | PhoneNumber | Provision | Verification]) -> int:
    with api.store.installation.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


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


def answers_soon(api: ApiUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.app.state.context.waiter, "_poll_seconds", 0.01)
