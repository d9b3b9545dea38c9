"""Stored credentials are proven again: slowly, spread, one run at a time, on both engines."""

import pytest

from sipcheck.reasons import CredentialState, Outcome, Party, Reason
from sipcheck.report.model import Report
from tests.trunks.forms import Store, make_report
from tests.trunks.health_watch import ALIVE, HealthWatch
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, VerificationStatus
from trunks.rules.trunk_state import Cause, HealthStatus

DAY_SECONDS = 86_400
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
BUSY = make_report(Outcome.INCONCLUSIVE, Reason.SIP_SERVICE_UNAVAILABLE, credentials=CredentialState.UNPROVEN)


@pytest.fixture
def watch(store: Store) -> HealthWatch:
    return HealthWatch(store)


def proven(watch: HealthWatch) -> Trunk:
    return watch.verified(make_report())


def wait_due(watch: HealthWatch, trunk: Trunk) -> None:
    """Let the time until this trunk's next proof pass."""
    next_proof_at = watch.store.trunk(trunk.id).next_proof_at
    assert next_proof_at is not None
    watch.store.clock.advance((next_proof_at - watch.store.clock.now).total_seconds())


def test_a_proven_trunk_is_proven_again_within_a_tenth_of_the_interval(watch: HealthWatch) -> None:
    trunks = [proven(watch) for _ in range(10)]
    waits = []
    for trunk in trunks:
        next_proof_at = watch.store.trunk(trunk.id).next_proof_at
        assert next_proof_at is not None
        waits.append((next_proof_at - watch.store.clock.now).total_seconds())
    assert min(waits) >= 0.9 * DAY_SECONDS
    assert max(waits) <= 1.1 * DAY_SECONDS
    assert len(set(waits)) == 10  # spread
    watch.store.clock.advance(0.89 * DAY_SECONDS)
    assert watch.store.installation.runs.proofs.tend() == ()


def test_a_proof_is_an_ordinary_run_asked_for_by_the_schedule(watch: HealthWatch) -> None:
    trunk = proven(watch)
    wait_due(watch, trunk)
    (verification_id,) = watch.store.installation.runs.proofs.tend()
    run = watch.store.run(trunk.id, verification_id)
    assert (run.requested_by, run.due_at) == (RequestedBy.SCHEDULE, watch.store.clock.now)
    claim = watch.store.claim(verification_id)
    assert claim is not None
    assert (claim.scheduled, claim.explicit) == (True, False)
    assert watch.store.finish(claim, make_report())
    assert watch.store.trunk(trunk.id).is_verified
    assert watch.store.installation.runs.proofs.tend() == ()


def test_a_rejected_proof_takes_the_verification_away_and_is_not_tried_again(watch: HealthWatch) -> None:
    trunk = proven(watch)
    wait_due(watch, trunk)
    (verification_id,) = watch.store.installation.runs.proofs.tend()
    claim = watch.store.claim(verification_id)
    assert claim is not None
    watch.store.finish(claim, REJECTED)
    assert watch.status(trunk) == (False, False, HealthStatus.UNHEALTHY)
    flip = watch.store.flips(trunk.id)[-1]
    assert (flip.cause, flip.verification_id) == (Cause.PROOF, verification_id)
    assert watch.store.trunk(trunk.id).next_proof_at is None
    watch.store.clock.advance(10 * DAY_SECONDS)
    assert watch.store.installation.runs.proofs.tend() == ()


def test_while_a_run_is_open_none_is_added(watch: HealthWatch) -> None:
    trunk = proven(watch)
    wait_due(watch, trunk)
    open_run = watch.store.installation.runs.requests.request(watch.store.caller, trunk.id)
    assert watch.store.installation.runs.proofs.tend() == ()
    assert [run.id for run in watch.store.runs(trunk.id) if run.status is VerificationStatus.QUEUED] == [
        open_run
    ]


def test_who_asks_while_a_proof_is_queued_makes_it_theirs(watch: HealthWatch) -> None:
    trunk = proven(watch)
    wait_due(watch, trunk)
    (verification_id,) = watch.store.installation.runs.proofs.tend()
    assert watch.store.installation.runs.requests.request(watch.store.caller, trunk.id) == verification_id
    claim = watch.store.claim(verification_id)
    assert claim is not None
    assert (claim.explicit, claim.scheduled) == (True, False)


def test_an_inconclusive_proof_changes_nothing_and_comes_again(watch: HealthWatch) -> None:
    trunk = proven(watch)
    wait_due(watch, trunk)
    (verification_id,) = watch.store.installation.runs.proofs.tend()
    claim = watch.store.claim(verification_id)
    assert claim is not None
    watch.store.finish(claim, BUSY)
    found = watch.store.trunk(trunk.id)
    assert found.is_verified
    assert found.next_proof_at is not None
    assert found.next_proof_at > watch.store.clock.now


def test_a_trunk_without_credentials_has_nothing_to_prove(watch: HealthWatch) -> None:
    trunk = watch.verified(ALIVE, username=None, password=None)
    assert watch.store.trunk(trunk.id).next_proof_at is None


def test_an_edited_trunk_is_proven_only_after_it_was_verified_anew(watch: HealthWatch) -> None:
    trunk = proven(watch)
    watch.store.edit(trunk.id)
    wait_due(watch, trunk)
    assert watch.store.installation.runs.proofs.tend() == ()
    assert watch.store.trunk(trunk.id).next_proof_at is None
    watch.verify(trunk, make_report())
    assert watch.store.trunk(trunk.id).next_proof_at is not None


def test_the_start_after_an_outage_spreads_the_proofs(watch: HealthWatch) -> None:
    trunks = [proven(watch) for _ in range(10)]
    watch.store.clock.advance(30 * DAY_SECONDS)
    assert watch.store.installation.runs.proofs.tend() == ()
    moments = {watch.store.trunk(trunk.id).next_proof_at for trunk in trunks}
    assert len(moments) == 10
    assert all(moment is not None and moment > watch.store.clock.now for moment in moments)


@pytest.mark.parametrize("reason", [Reason.DNS_TIMEOUT, Reason.SIP_SERVICE_UNAVAILABLE])
def test_a_trunk_of_which_nothing_could_be_said_is_verified_again_by_ourselves(
    watch: HealthWatch, reason: Reason
) -> None:
    """Whoever entered it may have no way to ask; ever more seldom, since it may stay so for a year."""
    nothing_said = make_report(Outcome.INCONCLUSIVE, reason, credentials=CredentialState.NOT_TESTED)
    store, trunk = watch.store, watch.store.make_trunk()
    first = store.claim(store.installation.runs.requests.request(store.caller, trunk.id))
    assert first is not None
    assert store.finish(first, nothing_said)
    waits = []
    for _ in range(18):
        asked_at = store.clock.now
        wait_due(watch, trunk)
        waits.append((store.clock.now - asked_at).total_seconds())
        (run,) = store.installation.runs.proofs.tend()
        again = store.claim(run)
        assert again is not None
        assert store.finish(again, nothing_said)
    assert waits[0] <= 1.1 * 900
    assert DAY_SECONDS * 0.9 <= waits[-1] <= DAY_SECONDS * 1.1
    wait_due(watch, trunk)
    (run,) = store.installation.runs.proofs.tend()
    at_last = store.claim(run)
    assert at_last is not None
    assert store.finish(at_last, make_report())
    assert store.trunk(trunk.id).is_verified


@pytest.mark.parametrize(
    "report",
    [
        make_report(Outcome.FAILED, Reason.DNS_NXDOMAIN, credentials=CredentialState.NOT_TESTED),
        make_report(
            Outcome.INCONCLUSIVE,
            Reason.CREDENTIALS_FROZEN,
            credentials=CredentialState.NOT_TESTED,
            party=Party.CONFIGURATION,
        ),
    ],
    ids=["failed", "frozen"],
)
def test_what_waits_for_the_customer_does_not_come_again(watch: HealthWatch, report: Report) -> None:
    store, trunk = watch.store, watch.store.make_trunk()
    claim = store.claim(store.installation.runs.requests.request(store.caller, trunk.id))
    assert claim is not None
    assert store.finish(claim, report)
    assert store.trunk(trunk.id).next_proof_at is None
