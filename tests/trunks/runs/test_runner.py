"""One run from its claim to its record; the engine is tried for real in tests/worker."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest

from sipcheck.reasons import Outcome, Reason
from sipcheck.report.model import Report
from tests.trunks.forms import PASSWORD, Store, make_report
from trunks.errors import RunInterrupted, StoreUnavailable
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.runner import Runner, VerifyGateways
from trunks.secrets.keys import parse_keys
from trunks.secrets.secret_box import SecretBox


@pytest.fixture
def trunk(store: Store) -> Trunk:
    return store.make_trunk(auth_realm="carrier.example")


@pytest.fixture
def requested(store: Store, trunk: Trunk) -> UUID:
    return store.installation.runs.requests.request(store.caller, trunk.id)


def make_runner(store: Store, verify: VerifyGateways, *, done: list[UUID] | None = None) -> Runner:
    installation = store.installation
    return Runner(
        installation.runs.claims,
        installation.runs.recovery,
        installation.secrets,
        installation.tenancy.keys,
        pacing=installation.runs.address_limits,
        verify=verify,
        on_done=(done if done is not None else []).append,
    )


def raising(error: Exception) -> Callable[[Sequence[GatewayCheck]], Report]:
    def verify(jobs: Sequence[GatewayCheck]) -> Report:
        raise error

    return verify


def test_a_run_is_verified_recorded_and_told(store: Store, trunk: Trunk, requested: UUID) -> None:
    jobs: list[GatewayCheck] = []
    done: list[UUID] = []

    def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        jobs.append(job)
        return make_report()

    runner = make_runner(store, verify, done=done)
    runner.run(requested)
    (job,) = jobs
    assert job.target.domain == "sip.carrier.example"
    assert job.credentials is not None
    assert (job.credentials.password, job.credentials.realms) == (PASSWORD, ("carrier.example",))
    assert store.trunk(trunk.id).is_verified
    assert done == [requested]
    assert PASSWORD not in repr(job)


def test_a_doubled_message_verifies_once(store: Store, requested: UUID) -> None:
    calls: list[GatewayCheck] = []

    def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        calls.append(job)
        runner.run(requested)  # the second message comes while the first is at work
        return make_report()

    runner = make_runner(store, verify)
    runner.run(requested)
    runner.run(requested)
    assert len(calls) == 1


def test_a_stopping_worker_gives_the_run_back(store: Store, trunk: Trunk, requested: UUID) -> None:
    done: list[UUID] = []
    make_runner(store, raising(RunInterrupted()), done=done).run(requested)
    assert store.run(trunk.id, requested).status is VerificationStatus.QUEUED
    assert done == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [(TimeoutError(), Reason.DEADLINE_EXCEEDED), (ZeroDivisionError(), Reason.CANCELLED)],
)
def test_whatever_goes_wrong_ends_in_a_verdict(
    store: Store, trunk: Trunk, requested: UUID, error: Exception, reason: Reason
) -> None:
    make_runner(store, raising(error)).run(requested)
    verification = store.run(trunk.id, requested)
    assert (verification.outcome, verification.reason) == (Outcome.INCONCLUSIVE, reason)


def test_a_password_that_does_not_open_is_a_verdict(store: Store, trunk: Trunk, requested: UUID) -> None:
    installation = store.installation
    other_keys = SecretBox(parse_keys("k9:" + "B" * 43 + "="))
    Runner(
        installation.runs.claims,
        installation.runs.recovery,
        other_keys,
        installation.tenancy.keys,
        pacing=installation.runs.address_limits,
        verify=raising(AssertionError("nothing may be sent")),
        on_done=lambda _: None,
    ).run(requested)
    assert store.run(trunk.id, requested).reason is Reason.SECRET_UNREADABLE


def test_before_credentials_commits_and_withholds_when_the_claim_is_lost(
    store: Store, trunk: Trunk, requested: UUID
) -> None:
    answers: list[Reason | None] = []

    def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        answers.append(asyncio.run(_ask(job)))
        assert store.run(trunk.id, requested).auth_sent_at is not None
        store.clock.advance(21)
        answers.append(asyncio.run(_ask(job)))
        return make_report()

    make_runner(store, verify).run(requested)
    assert answers == [None, Reason.CANCELLED]


def test_before_credentials_withholds_when_the_store_is_away(
    store: Store, requested: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Reason | None] = []

    def away(*_: object) -> bool:
        raise StoreUnavailable

    def verify(given: Sequence[GatewayCheck]) -> Report:
        (job,) = given
        with monkeypatch.context() as patch:
            patch.setattr(store.installation.runs.claims, "record_credentials_sent", away)
            answers.append(asyncio.run(_ask(job)))
        return make_report()

    make_runner(store, verify).run(requested)
    assert answers == [Reason.CANCELLED]


async def _ask(job: GatewayCheck) -> Reason | None:
    assert job.before_credentials is not None
    return await job.before_credentials("carrier.example")
