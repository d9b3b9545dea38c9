"""A worker is killed at each moment of a call: another ends it, by CANCEL or BYE, and it is never made again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.engine import Engine
from sipcheck.reasons import CallVerdict
from sipcheck.report.call_report import CallReport
from sipcheck.target import Target
from sipcheck.transaction.invite.call_mark import CallMark
from sipcheck.verification.calling.options import CallOptions
from tests.observed import until
from tests.trunks.forms import Store
from tests.worker.test_placed_calls import DID, TO, Carrier
from trunks.catalog.new_trunk import NewNumber
from trunks.errors import CallLost
from trunks.installation.settings import Settings, load_settings
from trunks.models.verification import VerificationStatus
from trunks.rules.visitor import Visitor
from trunks.runs.calls.caller import CallMaker, PlaceCall
from trunks.runs.calls.claims import LEASE, CallClaims, ClaimedCall
from trunks.runs.calls.wish import CallWish
from worker.runs.call_desk import CallDesk

RING, ECHO = CallBehaviour.RING, CallBehaviour.ECHO


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "var", allow_networks="127.0.0.0/8", verify_timeout_seconds=5.0)


@pytest.fixture
def store(make_store: Callable[[Settings], Store], settings: Settings) -> Store:
    store = make_store(settings)
    store.installation.tenancy.tenants.change_calls(store.tenant, allow_test_calls=True)
    return store


def maker_of(store: Store) -> CallMaker:
    installation, settings = store.installation, store.installation.settings
    return CallMaker(
        installation.runs.call_claims,
        installation.secrets,
        installation.tenancy.keys.credential_hash(),
        settings.rtp_ports,
        settings.media_address,
        lambda _: None,
    )


class Killed(BaseException):
    """The process ends here: no handler sees it."""


class Vanishing(CallClaims):
    """Of a worker that is killed: it records nothing."""

    def finish(self, claimed: ClaimedCall, report: CallReport | None, visitor: Visitor | None = None) -> bool:
        return False


@dataclass(frozen=True)
class Moment:
    """The worker is killed at its n-th writing down, before or behind the commit; with 0 once the carrier has seen so
    many of these requests. `end` is what another worker sends then, and `heard` that the carrier's call ends by it.
    """

    behaviour: CallBehaviour
    writing: int = 0
    committed: bool = False
    seen: tuple[str, int] = ("", 0)
    end: str | None = None
    heard: bool = False


MOMENTS = {
    "before its INVITE is written down": Moment(RING, writing=1),
    "before its INVITE leaves": Moment(RING, writing=1, committed=True, end="CANCEL"),
    "challenged": Moment(RING, writing=2, end="CANCEL"),
    "before its password leaves": Moment(RING, writing=2, committed=True, end="CANCEL"),
    "ringing": Moment(RING, seen=("INVITE", 2), end="CANCEL", heard=True),
    "taken, before its dialog is written down": Moment(ECHO, writing=3, end="CANCEL"),
    "taken, before its ACK": Moment(ECHO, writing=3, committed=True, end="BYE", heard=True),
    "talking": Moment(ECHO, seen=("ACK", 2), end="BYE", heard=True),
}


def dying(engine: Engine, moment: Moment) -> PlaceCall:
    """Call as the engine does, until the worker is killed."""
    writings = 0

    async def place(target: Target, options: CallOptions, **given: Any) -> CallReport:
        write_down = given.pop("write_down")

        async def write(marks: tuple[CallMark, ...]) -> None:
            nonlocal writings
            writings += 1
            if writings == moment.writing and not moment.committed:
                raise Killed
            await write_down(marks)
            if writings == moment.writing:
                raise Killed

        return await engine.call(target, options, write_down=write, **given)

    return place


async def kill(engine: Engine) -> None:
    """End what runs of the call as a kill does: nothing more is sent, not even what would end it."""
    calls = tuple(engine._calls._running)
    for task in calls:
        task.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def die_calling(store: Store, settings: Settings, moment: Moment, carrier: Carrier) -> None:
    """Claim the call that waits, make it, and be killed at the moment."""
    claims = store.installation.runs.call_claims
    (claimed,) = claims.claim(limit=5)
    maker = replace(maker_of(store), claims=Vanishing(claims.database, claims.provisioner, claims.clock))
    async with Engine(settings.engine_settings()) as engine:
        making = asyncio.create_task(maker.make(claimed, dying(engine, moment)))
        if not moment.writing:
            name, often = moment.seen
            await until(lambda: carrier.methods().count(name) >= often)
            await kill(engine)
        await asyncio.wait([making])


@pytest.mark.parametrize("name", MOMENTS)
async def test_another_worker_ends_it(name: str, store: Store, settings: Settings) -> None:
    moment = MOMENTS[name]
    runs = store.installation.runs
    with Carrier(moment.behaviour) as carrier:
        assert carrier.served is not None
        trunk = store.make_trunk(
            domain="127.0.0.1",
            port=carrier.served.udp_port,
            username="demo",
            password="demo-password",
            numbers=(NewNumber(number=DID),),
        )
        wish = CallWish(called=TO, ring_seconds=30.0, talk_seconds=30.0)
        call_id = runs.calls.ask(store.caller, trunk.id, wish).id
        await die_calling(store, settings, moment, carrier)
        before = len(carrier.methods())
        store.clock.advance(LEASE.total_seconds() + 1)
        async with Engine(settings.engine_settings()) as engine:
            another = asyncio.create_task(CallDesk(runs.call_claims, maker_of(store)).run(engine))
            await until(lambda: runs.calls.done_among({call_id}) == {call_id})
            another.cancel()
            await asyncio.gather(another, return_exceptions=True)
        sent = set(carrier.methods()[before:]) - {"ACK"}
        assert sent == (set() if moment.end is None else {moment.end})
        if moment.heard:
            await until(lambda: carrier.served is not None and len(carrier.served.calls) == 1)
    found = runs.calls.get(store.caller, trunk.id, call_id)
    assert (found.status, found.outcome, found.ends) == (
        VerificationStatus.DONE,
        CallVerdict.INCONCLUSIVE,
        None,
    )


async def test_a_call_that_is_lost_does_not_leave(store: Store, settings: Settings) -> None:
    """A worker that was away for longer than its lease writes nothing down, and so sends nothing."""
    runs = store.installation.runs
    with Carrier(RING) as carrier:
        assert carrier.served is not None
        trunk = store.make_trunk(
            domain="127.0.0.1", port=carrier.served.udp_port, numbers=(NewNumber(number=DID),)
        )
        runs.calls.ask(store.caller, trunk.id, CallWish(called=TO))
        (claimed,) = runs.call_claims.claim(limit=5)
        store.clock.advance(LEASE.total_seconds() + 1)
        assert len(runs.call_claims.claim_lost(limit=5)) == 1
        with pytest.raises(CallLost):
            runs.call_claims.write_down(claimed, ())
        async with Engine(settings.engine_settings()) as engine:
            await maker_of(store).make(claimed, engine.call)
        assert carrier.methods() == []
