"""A trunk is deleted at each step of whatever else is done to it: the one answers as if it had come before or after."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select

from tests.api.client import ApiUnderTest
from tests.api.everything import REQUESTS, Target, do_run, make_target
from tests.trunks.forms import LIVEKIT_AWAY, Store, make_report
from tests.trunks.health_watch import HealthWatch
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.errors import StoreBusy, TrunkNotFound
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings
from trunks.models.flip import Flip
from trunks.models.phone_number import PhoneNumber
from trunks.models.verification import Verification
from trunks.voice.provisioner import FailureCause, ProvisioningFailed
from trunks.voice.sides import SideIds

TALKOVER = "/api/v1/sip-trunks"


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    """Let nobody wait for a health check that no worker does; what provisions is not asked for."""
    given = {"verify_wait_seconds": 0.05, **LIVEKIT_AWAY}
    return store_settings.model_copy(update=given)


def provisioned(store: Store, trunk_id: UUID, *, fails: bool = False) -> None:
    claims = store.installation.provisions.claims
    store.provision(trunk_id)
    claim = claims.claim(trunk_id)
    if claim is not None and fails:
        claims.fail(claim, ProvisioningFailed(FailureCause.DOWN, "It is down."))
    elif claim is not None:
        claims.finish(claim, SideIds("ST_in", "ST_out"))


def reconciled(store: Store, trunk_id: UUID) -> None:
    provisioned(store, trunk_id)
    reconciliation = store.installation.provisions.reconciliation
    store.clock.advance(1)
    reconciliation.fix(reconciliation.judge([], read_at=store.clock.now))


def checked(store: Store, _: UUID) -> None:
    for alive in (False, False, False, True, True):
        HealthWatch(store).cycle(alive=alive)


def proven(store: Store, _: UUID) -> None:
    store.clock.advance(2 * 86_400)
    store.installation.runs.proofs.tend()
    for claim in store.installation.runs.claims.claim(limit=10).runs:
        store.finish(claim, make_report())


def imported(store: Store, _: UUID) -> None:
    new = NewTrunk(
        name="Primary",
        provider_name="carrier-x",
        gateways=(NewGateway(host="sip.carrier.example"), NewGateway(host="second.example")),
        username="alice",
        password="a password",
    )
    store.installation.catalog.imports.enter(store.caller, [new], verify=True)


def tended(store: Store, trunk_id: UUID) -> None:
    store.installation.runs.requests.request(store.caller, trunk_id)
    store.installation.runs.claims.claim(limit=10)
    store.clock.advance(3600)
    store.installation.runs.recovery.tend()
    store.installation.catalog.unsaved.remove_left_behind()
    store.installation.provisions.claims.tend()


# What workers and the operator do; refused is what has come too late.
SERVICES: dict[str, Callable[[Store, UUID], None]] = {
    "provisioned": provisioned,
    "not provisioned": partial(provisioned, fails=True),
    "reconciled": reconciled,
    "checked": checked,
    "proven": proven,
    "imported": imported,
    "tended": tended,
}


@dataclass
class Deletion:
    """Deletes a trunk by connections of its own, once the application has come to its nth statement."""

    installation: Installation
    caller: Any
    trunk_id: UUID
    step: int
    seen: int = 0
    done: bool = False
    _inside: bool = field(default=False, repr=False)

    def look(self, connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("BEGIN", "PRAGMA", "SET ")):
            return
        self.seen += 1
        is_sqlite = self.installation.database.is_sqlite
        # SQLite has one writer: beside another's transaction nothing is deleted.
        begins = connection.get_execution_options().get("trunks_begin", "BEGIN IMMEDIATE")
        writes = is_sqlite and begins == "BEGIN IMMEDIATE"
        if self.seen >= self.step > 0 and not writes:
            self.delete()

    def delete(self) -> None:
        if self.done or self._inside:
            return
        self._inside = True
        # Where the request keeps the trunk, it is tried again at its next statement.
        with suppress(StoreBusy):
            with suppress(TrunkNotFound):
                self.installation.catalog.trunks.remove(
                    self.caller, self.trunk_id, with_numbers=True, with_used_numbers=True
                )
            self.done = True
        self._inside = False


class Stage:
    """The application, and whoever deletes beside it."""

    def __init__(self, api: ApiUnderTest, deleter: Installation) -> None:
        self.api = api
        self._deleter = deleter
        api.on_ring = partial(do_run, api.store)

    @contextmanager
    def deleting(self, target: Target, step: int) -> Iterator[Deletion]:
        deletion = Deletion(self._deleter, self.api.store.caller, target.id, step)
        engine = self.api.store.installation.database.engine
        event.listen(engine, "before_cursor_execute", deletion.look)
        try:
            yield deletion
        finally:
            event.remove(engine, "before_cursor_execute", deletion.look)
        deletion.delete()

    def left(self, trunk_id: UUID) -> list[int]:
        """Count what belongs to a trunk."""
        with self.api.store.installation.database.read() as session:
            return [
                session.scalars(select(func.count()).where(kind.trunk_id == trunk_id)).one()
                for kind in (PhoneNumber, Verification, Flip)
            ]


@pytest.fixture
def stage(api: ApiUnderTest) -> Iterator[Stage]:
    deleter = Installation(api.store.installation.settings, clock=api.store.clock)
    with closing(deleter):
        yield Stage(api, deleter)


async def come_to(stage: Stage, name: str, step: int) -> bool:
    """Delete at this step of what is done, and judge what it comes to; false when it was done before."""
    target = make_target(stage.api.store)
    with stage.deleting(target, step) as deletion:
        if name in REQUESTS:
            answer = await REQUESTS[name](stage.api.client, target)
            assert answer.status_code in (200, 201, 202, 404, 409), (step, answer.text)
        else:
            with suppress(TrunkNotFound):
                await asyncio.to_thread(SERVICES[name], stage.api.store, target.id)
        came_to_it = deletion.done
    assert (await stage.api.client.get(f"{TALKOVER}/{target.id}")).status_code == 404
    assert stage.left(target.id) == [0, 0, 0]
    return came_to_it


async def test_behind_what_it_reads_first(stage: Stage, subtests: pytest.Subtests) -> None:
    met = 0
    for name in (*REQUESTS, *SERVICES):
        with subtests.test(name):
            met += await come_to(stage, name, 3)
    # On SQLite nothing is deleted within what writes.
    assert met > 8


@pytest.mark.long
@pytest.mark.parametrize("name", [*REQUESTS, *SERVICES])
async def test_at_each_of_its_steps(stage: Stage, name: str) -> None:
    step = 1
    while await come_to(stage, name, step):
        step += 1
    # Within what only writes nothing is deleted on SQLite.
    assert step > 1 or stage.api.store.installation.database.is_sqlite
