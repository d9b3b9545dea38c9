"""One run from its claim to its record; the engine is tried for real in tests/worker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from sipcheck.dns.route import Edge
from sipcheck.reasons import Outcome, Reason
from sipcheck.report.model import Report
from sipcheck.target import TransportName
from tests.observed import until
from tests.trunks.forms import PASSWORD, Store, make_report
from trunks.errors import RunInterrupted, StoreUnavailable
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.repositories.knocks import Knocks
from trunks.repositories.trunks import Trunks
from trunks.rules.knock import Knock
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.results import RunResult
from trunks.runs.run_store import RunStore
from trunks.runs.runner import Runner, VerifyGateways
from trunks.runs.sending import CredentialKeys, Departure
from trunks.runs.wishes import Admission, Wish
from trunks.secrets.keys import parse_keys
from trunks.secrets.secret_box import SecretBox

EDGE = Edge("192.0.2.1", "192.0.2.1", 5060, TransportName.UDP)


@pytest.fixture
def trunk(store: Store) -> Trunk:
    return store.make_trunk(auth_realm="carrier.example")


@pytest.fixture
def requested(store: Store, trunk: Trunk) -> UUID:
    return store.installation.runs.requests.request(store.caller, trunk.id)


def make_runner(
    store: Store,
    verify: VerifyGateways,
    *,
    done: list[UUID] | None = None,
    secrets: SecretBox | None = None,
) -> Runner:
    installation = store.installation
    runs = installation.runs
    return Runner(
        RunStore(runs.claims, runs.recovery, runs.address_limits, runs.open_calls),
        secrets or installation.secrets,
        installation.tenancy.keys.credential_hash(),
        verify,
        installation.settings.verify_timeout_seconds,
        (done if done is not None else []).append,
        store.clock,
    )


async def run(store: Store, runner: Runner, requested: UUID) -> None:
    claim = store.claim(requested)
    assert claim is not None
    await runner.run(claim)


def raising(error: Exception) -> VerifyGateways:
    async def verify(jobs: Sequence[GatewayCheck]) -> Report:
        raise error

    return verify


async def test_a_run_is_verified_recorded_and_told(store: Store, trunk: Trunk, requested: UUID) -> None:
    jobs: list[GatewayCheck] = []
    done: list[UUID] = []

    async def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        jobs.append(job)
        return make_report()

    runner = make_runner(store, verify, done=done)
    await run(store, runner, requested)
    (job,) = jobs
    assert job.target.domain == "sip.carrier.example"
    assert job.credentials is not None
    assert (job.credentials.password, job.credentials.realms) == (PASSWORD, ("carrier.example",))
    assert store.trunk(trunk.id).is_verified
    assert done == [requested]
    assert PASSWORD not in repr(job)


async def test_of_two_who_come_for_a_run_one_verifies_it(store: Store, requested: UUID) -> None:
    calls: list[GatewayCheck] = []

    async def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        calls.append(job)
        assert store.claim(requested) is None  # another comes while the first is at work
        return make_report()

    await run(store, make_runner(store, verify), requested)
    assert store.claim(requested) is None
    assert len(calls) == 1


async def test_a_stopping_worker_gives_the_run_back(store: Store, trunk: Trunk, requested: UUID) -> None:
    done: list[UUID] = []
    await run(store, make_runner(store, raising(RunInterrupted()), done=done), requested)
    assert store.run(trunk.id, requested).status is VerificationStatus.QUEUED
    assert done == []


class Killed(BaseException):
    """The process ends here: no handler sees it."""


def breaking_off(how: BaseException, *, password_leaves: bool) -> VerifyGateways:
    """Verify until something has left."""

    async def verify(jobs: Sequence[GatewayCheck]) -> Report:
        (job,) = jobs
        assert job.admit is not None
        assert job.before_credentials is not None
        await job.admit([EDGE])
        if password_leaves:
            assert await job.before_credentials("carrier.example") is None
        raise how

    return verify


def never_begun(is_time: Callable[[], object]) -> VerifyGateways:
    """Be broken off while the store is asked for tokens, or while the run waits for those that it was granted."""

    async def verify(jobs: Sequence[GatewayCheck]) -> Report:
        (job,) = jobs
        assert job.admit is not None
        admit = job.admit

        async def ask() -> None:
            await admit([EDGE])

        asking = asyncio.create_task(ask())
        await asyncio.sleep(0)
        await until(is_time)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        raise RunInterrupted

    return verify


@pytest.mark.parametrize("how", [RunInterrupted(), Killed()], ids=["stopped", "killed"])
@pytest.mark.parametrize(("password_leaves", "left"), [(False, (2, 0)), (True, (4, 1))])
async def test_what_perhaps_left_stays_reserved_and_a_password_that_did_not_is_given_back(
    store: Store, requested: UUID, how: BaseException, password_leaves: bool, left: tuple[int, int]
) -> None:
    runner = make_runner(store, breaking_off(how, password_leaves=password_leaves))
    try:
        await run(store, runner, requested)
    except Killed:
        assert [(knock.weight, knock.refused) for knock in standing(store)] == [(4, 1)]
        store.clock.advance(60)
        for _ in range(2):  # by two workers at once, or twice by one
            store.installation.runs.recovery.tend()
    assert [(knock.weight, knock.refused) for knock in standing(store)] == [left]


@pytest.mark.parametrize("moment", ["it asks", "the answer is on its way", "it waits for its turn"])
async def test_a_run_that_is_stopped_before_it_began_leaves_nothing(
    make_store: Callable[[Settings], Store],
    store_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    if moment == "the answer is on its way":
        monkeypatch.setattr(RunStore, "admit", answering_late(RunStore.admit))
    paced = {"address_rate": 1.0, "address_burst": 3, "address_concurrency": 0}
    store = make_store(store_settings.model_copy(update=paced))
    for user, verify in (
        ("alice", breaking_off(RunInterrupted(), password_leaves=False)),
        ("bob", never_begun(lambda: moment == "it asks" or len(standing(store)) > 1)),
    ):
        trunk = store.make_trunk(name=user, username=user)
        requested = store.installation.runs.requests.request(store.caller, trunk.id, on_demand=True)
        await run(store, make_runner(store, verify), requested)
    assert [knock.weight for knock in standing(store)] == [2]  # alice's


def answering_late(admit: Callable[[RunStore, Wish], Awaitable[Admission]]) -> object:
    async def late(store: RunStore, wish: Wish) -> Admission:
        answer = await admit(store, wish)
        await asyncio.sleep(0.2)
        return answer

    return late


def standing(store: Store) -> list[Knock]:
    with store.installation.database.read() as session:
        return list(Knocks(session).at([EDGE.address], store.clock.now - timedelta(days=1)))


@pytest.mark.parametrize(
    ("error", "reason"),
    [(TimeoutError(), Reason.DEADLINE_EXCEEDED), (ZeroDivisionError(), Reason.CANCELLED)],
)
async def test_whatever_goes_wrong_ends_in_a_verdict(
    store: Store, trunk: Trunk, requested: UUID, error: Exception, reason: Reason
) -> None:
    await run(store, make_runner(store, raising(error)), requested)
    verification = store.run(trunk.id, requested)
    assert (verification.outcome, verification.reason) == (Outcome.INCONCLUSIVE, reason)


async def test_a_password_that_does_not_open_is_a_verdict(
    store: Store, trunk: Trunk, requested: UUID
) -> None:
    other_keys = SecretBox(parse_keys("k9:" + "B" * 43 + "="))
    nothing = raising(AssertionError("nothing may be sent"))
    await run(store, make_runner(store, nothing, secrets=other_keys), requested)
    assert store.run(trunk.id, requested).reason is Reason.SECRET_UNREADABLE


async def test_before_credentials_commits_and_withholds_when_the_claim_is_lost(
    store: Store, trunk: Trunk, requested: UUID
) -> None:
    answers: list[Reason | None] = []

    async def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        answers.append(await _ask(job))
        assert store.run(trunk.id, requested).auth_sent_at is not None
        store.clock.advance(21)
        answers.append(await _ask(job))
        return make_report()

    await run(store, make_runner(store, verify), requested)
    assert answers == [None, Reason.CANCELLED]


async def test_before_credentials_withholds_when_the_store_is_away(
    store: Store, requested: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Reason | None] = []

    async def away(*_: object) -> bool:
        raise StoreUnavailable

    async def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        with monkeypatch.context() as patch:
            patch.setattr(runner.store, "send_credentials", away)
            answers.append(await _ask(job))
        return make_report()

    runner = make_runner(store, verify)
    await run(store, runner, requested)
    assert answers == [Reason.CANCELLED]


async def test_a_commit_that_takes_as_long_as_the_lease_lets_nothing_out(
    store: Store, trunk: Trunk, requested: UUID
) -> None:
    answers: list[Reason | None] = []

    async def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        answers.append(await _ask(job))
        return make_report(Outcome.INCONCLUSIVE, Reason.CANCELLED)

    runner = make_runner(store, verify)
    send = runner.store.send_credentials

    async def sent_late(departure: Departure) -> bool:
        ours = await send(departure)
        store.clock.advance(15)  # 5 s of the lease are left, and the run may take 10
        return ours

    runner.store.send_credentials = sent_late  # type: ignore[method-assign]
    await run(store, runner, requested)
    assert answers == [Reason.CANCELLED]
    found = store.run(trunk.id, requested)
    assert found.status is VerificationStatus.QUEUED
    again = store.claim(requested)
    assert again is not None
    assert store.run(trunk.id, requested).auth_sent_at is None
    assert store.send(again, CredentialKeys("k" * 64, "a" * 64))


async def test_one_poisoned_result_keeps_nobody_else_from_his(store: Store) -> None:
    runs = store.installation.runs
    claims = []
    for _ in range(8):
        claim = store.claim(runs.requests.request(store.caller, store.make_trunk().id))
        assert claim is not None
        claims.append(claim)
    results = [RunResult(claim, make_report()) for claim in claims]
    object.__setattr__(results[3], "columns", {**results[3].columns, "report": {"unwritable": object()}})
    kept = RunStore(runs.claims, runs.recovery, runs.address_limits, runs.open_calls)
    kept.runs = len(results)
    answers = await asyncio.gather(*map(kept.finish, results), return_exceptions=True)
    assert [answer is True for answer in answers] == [number != 3 for number in range(8)]
    assert isinstance(answers[3], Exception)
    assert [store.trunk(claim.first.trunk_id).is_verified for claim in claims] == [
        number != 3 for number in range(8)
    ]
    assert [len(store.flips(claim.first.trunk_id)) for claim in claims] == [
        int(number != 3) for number in range(8)
    ]


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
async def test_a_trunk_that_another_keeps_holds_up_its_own_run_alone(store: Store) -> None:
    runs = store.installation.runs
    claims = []
    for _ in range(3):
        claim = store.claim(runs.requests.request(store.caller, store.make_trunk().id))
        assert claim is not None
        claims.append(claim)
    kept = RunStore(runs.claims, runs.recovery, runs.address_limits, runs.open_calls)
    kept.runs = len(claims)
    with store.installation.database.write() as holder:
        assert Trunks(holder).locked(claims[1].first.trunk_id) is not None
        finishing = [asyncio.ensure_future(kept.finish(RunResult(claim, make_report()))) for claim in claims]
        assert set(await asyncio.gather(finishing[0], finishing[2])) == {True}
        assert not finishing[1].done()
    assert await finishing[1] is True


async def _ask(job: GatewayCheck) -> Reason | None:
    assert job.before_credentials is not None
    return await job.before_credentials("carrier.example")
