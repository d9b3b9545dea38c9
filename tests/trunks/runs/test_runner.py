"""One run from its claim to its record; the engine is tried for real in tests/worker."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from sipcheck.reasons import Outcome, Reason
from sipcheck.report.model import Report
from tests.trunks.forms import PASSWORD, Store, make_report
from trunks.errors import RunInterrupted, StoreUnavailable
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.run_store import RunStore
from trunks.runs.runner import Runner, VerifyGateways
from trunks.secrets.keys import parse_keys
from trunks.secrets.secret_box import SecretBox


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
        RunStore(runs.claims, runs.recovery, runs.address_limits),
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


async def _ask(job: GatewayCheck) -> Reason | None:
    assert job.before_credentials is not None
    return await job.before_credentials("carrier.example")
