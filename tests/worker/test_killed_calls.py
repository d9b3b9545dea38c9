"""A worker is killed at each moment of a test call or a proof: another ends it, by CANCEL or BYE, whatever became of
its trunk, and it is never made again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sipcheck import Credentials, Proof, Report, TransportName, parse_target
from sipcheck.carrier.behaviours import CallBehaviour
from sipcheck.engine import Engine
from sipcheck.reasons import CallVerdict
from sipcheck.report.call_report import CallReport
from sipcheck.target import Target
from sipcheck.transaction.invite.call_journal import WriteDown
from sipcheck.transaction.invite.call_mark import CallMark
from sipcheck.verification.calling.options import CallOptions
from tests.observed import insist, until
from tests.peers.call_peer import CallScript, is_authorised
from tests.peers.udp_peer import UdpPeer
from tests.trunks.forms import Store
from tests.trunks.runs.test_placed_calls import MARK
from tests.worker.test_placed_calls import DID, TO, Carrier, store_of
from trunks.catalog.new_trunk import NewNumber
from trunks.errors import CallLost, StoreUnavailable
from trunks.installation.settings import Settings, load_settings
from trunks.models.open_call import OpenCall
from trunks.models.verification import VerificationStatus
from trunks.runs.calls.caller import CallMaker, PlaceCall
from trunks.runs.calls.claims import CallClaims, ClaimedCall
from trunks.runs.calls.wish import CallWish
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.knock_ledger import Settlement
from trunks.runs.open_calls import LEASE, OpenCalls, WrittenCall
from trunks.runs.run_store import RunStore
from trunks.runs.runner import Runner, VerifyGateways
from trunks.runs.wishes import Spending
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
        store_of(installation),
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

    def finish(
        self,
        claimed: ClaimedCall,
        report: CallReport | None,
        spent: Sequence[Spending] = (),
        knocked: Sequence[Settlement] = (),
    ) -> bool:
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


def dying(write_down: WriteDown, moment: Moment) -> WriteDown:
    """Write down as a worker does, until it is killed."""
    writings = 0

    async def write(call_id: str, marks: tuple[CallMark, ...]) -> None:
        nonlocal writings
        writings += 1
        if writings == moment.writing and not moment.committed:
            raise Killed
        await write_down(call_id, marks)
        if writings == moment.writing:
            raise Killed

    return write


def dying_call(engine: Engine, moment: Moment) -> PlaceCall:
    """Call as the engine does, until the worker is killed."""

    async def place(target: Target, options: CallOptions, **given: Any) -> CallReport:
        write_down = dying(given.pop("write_down"), moment)
        return await engine.call(target, options, write_down=write_down, **given)

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
    own = OpenCalls(claims.database, claims.clock)
    vanishing = Vanishing(claims.database, claims.provisioner, claims.clock, own, claims.limits)
    maker = replace(maker_of(store), claims=vanishing)
    async with Engine(settings.engine_settings()) as engine:
        making = asyncio.create_task(maker.make(claimed, dying_call(engine, moment)))
        if not moment.writing:
            name, often = moment.seen
            await until(lambda: carrier.methods().count(name) >= often)
            await kill(engine)
        await asyncio.wait([making])


def is_up(store: Store) -> bool:
    """Whether a call is written down that somebody has to end."""
    with store.installation.database.read() as session:
        return session.scalar(select(OpenCall.id).limit(1)) is not None


async def end_by_another(store: Store, settings: Settings, ended: Callable[[], object]) -> None:
    """Let another worker look until it is ended."""
    store.clock.advance(LEASE.total_seconds() + 1)
    async with Engine(settings.engine_settings()) as engine:
        desk = CallDesk(store.installation.runs.call_claims, maker_of(store))
        another = asyncio.create_task(desk.run(engine))
        await until(ended)
        another.cancel()
        await asyncio.gather(another, return_exceptions=True)
    assert not is_up(store)


# Whatever becomes of its trunk: deleted between the worker's end and the other's look, it takes nothing along.
DELETED = ("ringing", "talking")


@pytest.mark.parametrize(
    ("name", "deleted"), [*((name, False) for name in MOMENTS), *((name, True) for name in DELETED)]
)
async def test_another_worker_ends_it(name: str, deleted: bool, store: Store, settings: Settings) -> None:
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
        if deleted:
            insist(store.installation.catalog.trunks.remove, store.caller, trunk.id, with_numbers=True)
        await end_by_another(
            store,
            settings,
            lambda: runs.calls.done_among({call_id}) == {call_id} and not is_up(store),
        )
        sent = set(carrier.methods()[before:]) - {"ACK"}
        assert sent == (set() if moment.end is None else {moment.end})
        if moment.heard:
            await until(lambda: carrier.served is not None and len(carrier.served.calls) == 1)
    if not deleted:
        found = runs.calls.get(store.caller, trunk.id, call_id)
        assert (found.status, found.outcome) == (VerificationStatus.DONE, CallVerdict.INCONCLUSIVE)


# A proof rings nobody: it is ended as soon as it rings, so that it is up only until something is heard of it.
PROOFS = {
    "before its INVITE leaves": Moment(RING, writing=1, committed=True, end="CANCEL"),
    "before its password leaves": Moment(RING, writing=2, committed=True, end="CANCEL"),
    "nothing heard yet": Moment(RING, seen=("INVITE", 2), end="CANCEL", heard=True),
    "taken, before its ACK": Moment(ECHO, writing=3, committed=True, end="BYE", heard=True),
}


@pytest.mark.parametrize(
    ("name", "deleted"), [*((name, False) for name in PROOFS), ("taken, before its ACK", True)]
)
async def test_another_worker_ends_a_proof(
    name: str, deleted: bool, store: Store, settings: Settings
) -> None:
    moment, runs = PROOFS[name], store.installation.runs
    script = CallScript(answers=((200, "OK"),) if moment.behaviour is ECHO else ())
    with UdpPeer(script) as peer:
        script.port = peer.port
        trunk = store.make_trunk(
            domain="127.0.0.1", port=peer.port, username="demo", password="demo-password", proof=Proof.INVITE
        )
        claim = store.claim(runs.requests.request(store.caller, trunk.id))
        assert claim is not None
        await die_proving(store, settings, moment, claim, script)
        before = len(script.requests)
        if deleted:
            insist(store.installation.catalog.trunks.remove, store.caller, trunk.id)
        await end_by_another(store, settings, lambda: not is_up(store))
        sent = {each.partition(b" ")[0].decode() for each in script.requests[before:]}
        assert sent - {"ACK", "INVITE"} == {moment.end}  # copies of an INVITE may have been on their way
    assert sum(map(is_authorised, set(script.of("INVITE")))) <= 1


async def die_proving(
    store: Store, settings: Settings, moment: Moment, claim: ClaimedRun, script: CallScript
) -> None:
    """Run a proof by INVITE, and be killed at the moment."""
    own = OpenCalls(store.installation.database, store.clock)
    async with Engine(settings.engine_settings()) as engine:

        async def verify(checks: Sequence[GatewayCheck]) -> Report:
            (check,) = checks
            assert check.write_down is not None
            proving = asyncio.create_task(
                engine.verify(
                    check.target,
                    credentials=check.credentials,
                    proof=check.proof,
                    before_credentials=check.before_credentials,
                    write_down=dying(check.write_down, moment),
                )
            )
            if not moment.writing:
                name, often = moment.seen
                await until(lambda: script.methods().count(name) >= often)
                await kill(engine)
            await asyncio.wait([proving])
            raise Killed

        runner = runner_of(store, settings, own, verify)
        with pytest.raises(Killed):
            await runner.run(claim)


def runner_of(store: Store, settings: Settings, open_calls: OpenCalls, verify: VerifyGateways) -> Runner:
    runs = store.installation.runs
    return Runner(
        RunStore(runs.claims, runs.recovery, runs.address_limits, open_calls),
        store.installation.secrets,
        store.installation.tenancy.keys.credential_hash(),
        verify,
        settings.verify_timeout_seconds,
        lambda _: None,
        store.clock,
    )


async def test_a_proof_that_is_over_is_struck_out(store: Store, settings: Settings) -> None:
    """Also where its run is over long before the call is: nothing was heard in time."""
    runs = store.installation.runs
    seen: list[int] = []

    async def write_down(call_id: str, marks: tuple[CallMark, ...]) -> None:
        seen.append(len(marks))

    for answers, written in ((((486, "Busy"),), [1, 1, 0]), (((200, "OK"),), [1, 1, 1, 0])):
        script, seen[:] = CallScript(answers=answers), []
        with UdpPeer(script) as peer:
            script.port = peer.port
            async with Engine(settings.engine_settings()) as engine:
                target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
                credentials = Credentials("demo", "demo-password")
                await engine.verify(
                    target, credentials=credentials, proof=Proof.INVITE, write_down=write_down
                )
        assert seen == written
    assert runs.open_calls.claim_lost(limit=5) == []


async def test_a_store_that_is_away_lets_no_proof_leave(store: Store, settings: Settings) -> None:
    """What would end it cannot be written down; the run's lease brings it again."""
    runs, script = store.installation.runs, CallScript()
    with UdpPeer(script) as peer:
        trunk = store.make_trunk(
            domain="127.0.0.1", port=peer.port, username="demo", password="demo-password", proof=Proof.INVITE
        )
        claim = store.claim(runs.requests.request(store.caller, trunk.id))
        assert claim is not None

        class Away(OpenCalls):
            def write_down(self, written: Sequence[WrittenCall]) -> Sequence[None]:
                raise StoreUnavailable

        installation = store.installation
        async with Engine(settings.engine_settings()) as engine:

            async def verify(checks: Sequence[GatewayCheck]) -> Report:
                (check,) = checks
                return await engine.verify(
                    check.target,
                    credentials=check.credentials,
                    proof=check.proof,
                    write_down=check.write_down,
                )

            away = Away(installation.database, store.clock)
            runner = runner_of(store, settings, away, verify)
            with pytest.raises(StoreUnavailable):
                await runner.run(claim)
    assert set(script.methods()) == {"OPTIONS"}


def test_a_call_that_cannot_be_ended_is_forgotten(store: Store) -> None:
    """Whatever keeps each worker from ending it: in ten minutes it is not up any more."""
    runs = store.installation.runs
    trunk = store.make_trunk(domain="127.0.0.1")
    claim = store.claim(runs.requests.request(store.caller, trunk.id))
    assert claim is not None
    runs.open_calls.write_down([WrittenCall(claim, MARK.call_id, (MARK,))])
    for _ in range(19):
        store.clock.advance(LEASE.total_seconds() + 1)
        (lost,) = runs.open_calls.claim_lost(limit=5)
        assert lost.marks == (MARK,)
    store.clock.advance(LEASE.total_seconds() + 1)
    assert runs.open_calls.claim_lost(limit=5) == []
    assert not is_up(store)


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
            runs.call_claims.write_down(claimed, MARK.call_id, (MARK,))
        async with Engine(settings.engine_settings()) as engine:
            await maker_of(store).make(claimed, engine.call)
        assert carrier.methods() == []
