"""Claims, leases and fenced writes, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import PASSWORD, STARTED, Store, make_report
from trunks.ids import new_id
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.rules.trunk_state import HealthStatus
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.credential_freeze import EXPLICIT_TRY_AFTER
from trunks.runs.results import RunResult
from trunks.runs.sending import CredentialKeys
from trunks.runs.service_report import service_report

NO_RESPONSE = make_report(Outcome.FAILED, Reason.NO_RESPONSE, credentials=CredentialState.NOT_TESTED)
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
BUSY = make_report(
    Outcome.INCONCLUSIVE, Reason.SIP_SERVICE_UNAVAILABLE, credentials=CredentialState.NOT_TESTED
)

KEYS = CredentialKeys(key="k" * 64, account_key="a" * 64)


@pytest.fixture
def trunk(store: Store) -> Trunk:
    return store.make_trunk()


def claim_new(store: Store, trunk: Trunk) -> ClaimedRun:
    claim = store.claim(store.installation.runs.requests.request(store.caller, trunk.id))
    assert claim is not None
    return claim


def lose(store: Store, claim: ClaimedRun) -> UUID:
    """Let the lease pass, so that the run is queued again."""
    store.clock.advance(21)
    assert store.installation.runs.recovery.tend().reclaimed == (claim.verification_id,)
    return claim.verification_id


def test_a_claim_carries_what_is_needed_and_a_lease(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    assert (claim.lease_until - claim.claimed_at).total_seconds() == 20  # the deadline + 10 s
    credentials = claim.first.credentials(store.installation.secrets)
    assert credentials is not None
    assert (credentials.username, credentials.password) == ("alice", PASSWORD)
    assert claim.first.target().domain == "sip.carrier.example"
    assert store.run(trunk.id, claim.verification_id).status is VerificationStatus.RUNNING
    assert PASSWORD not in repr(claim)


def test_of_many_claimers_one_gets_the_row(store: Store, trunk: Trunk) -> None:
    verification_id = store.installation.runs.requests.request(store.caller, trunk.id)
    with ThreadPoolExecutor(8) as threads:
        turns = list(threads.map(lambda _: store.installation.runs.claims.claim(limit=100), range(16)))
    assert [claim.verification_id for turn in turns for claim in turn.runs] == [verification_id]


def test_an_unknown_run_is_not_claimed(store: Store) -> None:
    assert store.claim(new_id()) is None


def test_a_done_run_is_not_claimed_again(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    store.finish(claim, make_report())
    assert store.claim(claim.verification_id) is None


def test_finishing_records_report_state_and_flip_together(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    store.clock.advance(2)
    assert store.finish(claim, make_report())
    verification = store.run(trunk.id, claim.verification_id)
    assert (verification.status, verification.outcome) == (VerificationStatus.DONE, Outcome.VERIFIED)
    assert (verification.reason, verification.counted) == (Reason.CREDENTIALS_PROVEN, True)
    assert verification.finished_at == store.clock.now
    assert verification.report is not None
    assert verification.report["summary"] == "The trunk works."
    found = store.trunk(trunk.id)
    assert (found.is_verified, found.is_active) == (True, False)  # the customer's switch is off
    assert (found.health_status, found.credentials) == (HealthStatus.HEALTHY, CredentialState.PROVEN)
    assert found.last_health_check_at == found.updated_at == store.clock.now
    (flip,) = store.flips(trunk.id)
    assert flip.changes == {"is_verified": [False, True], "health_status": ["unknown", "healthy"]}
    assert (flip.cause, flip.verification_id) == ("verification", claim.verification_id)


def test_finishing_twice_flips_nothing_twice(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    assert store.finish(claim, make_report())
    assert not store.finish(claim, REJECTED)
    assert store.trunk(trunk.id).is_verified
    assert len(store.flips(trunk.id)) == 1


def test_many_who_finish_one_claim_record_it_once(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    with ThreadPoolExecutor(8) as threads:
        recorded = list(threads.map(lambda _: store.finish(claim, make_report()), range(16)))
    assert recorded.count(True) == 1
    assert len(store.flips(trunk.id)) == 1


@pytest.mark.parametrize("deleted", [1, 2])
def test_of_a_group_the_runs_of_deleted_trunks_are_over_and_what_they_sent_holds(
    store: Store, deleted: int
) -> None:
    """Not to be told from a locked one by the lock alone: whoever came again for them came for nothing."""
    claims = [claim_new(store, store.make_trunk(name=f"trunk {number}")) for number in range(3)]
    for number, claim in enumerate(claims):
        assert store.send(claim, CredentialKeys(key=str(number) * 64, account_key=str(number) * 64))
    for claim in claims[:deleted]:
        store.installation.catalog.trunks.remove(store.caller, claim.first.trunk_id)
    answers = store.installation.runs.claims.finish([RunResult(each, REJECTED) for each in claims])
    assert answers == [number >= deleted for number in range(3)]
    for number, claim in enumerate(claims):
        assert store.frozen_until(claim, str(number) * 64, None) == STARTED + EXPLICIT_TRY_AFTER


def test_a_result_without_a_change_is_no_flip(store: Store, trunk: Trunk) -> None:
    for _ in range(2):
        store.finish(claim_new(store, trunk), make_report())
    assert len(store.flips(trunk.id)) == 1


def test_a_result_for_an_older_configuration_changes_nothing(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    store.edit(trunk.id)
    assert store.finish(claim, make_report())
    found = store.trunk(trunk.id)
    assert (found.is_verified, found.health_status) == (False, HealthStatus.UNKNOWN)
    assert found.last_health_check_at is None
    assert store.flips(trunk.id) == []
    verification = store.run(trunk.id, claim.verification_id)
    assert (verification.outcome, verification.counted) == (Outcome.VERIFIED, False)
    assert store.installation.catalog.views.get(store.caller, trunk.id).last_verification is None


def test_a_claim_takes_the_configuration_it_finds(store: Store, trunk: Trunk) -> None:
    verification_id = store.installation.runs.requests.request(store.caller, trunk.id)
    store.edit(trunk.id)
    claim = store.claim(verification_id)
    assert claim is not None
    assert claim.generation == 2
    store.finish(claim, make_report())
    assert store.trunk(trunk.id).is_verified


def test_a_lost_claim_writes_nothing(store: Store, trunk: Trunk) -> None:
    lost = claim_new(store, trunk)
    verification_id = lose(store, lost)
    assert not store.finish(lost, make_report())
    second = store.claim(verification_id)
    assert second is not None
    assert not store.finish(lost, make_report())
    assert not store.send(lost, KEYS)
    assert not store.break_off(lost)
    assert store.run(trunk.id, verification_id).status is VerificationStatus.RUNNING
    assert store.finish(second, REJECTED)
    assert store.run(trunk.id, verification_id).reason is Reason.CREDENTIALS_REJECTED


def test_credentials_are_recorded_as_sent_while_the_lease_holds(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    assert store.send(claim, KEYS)
    assert store.run(trunk.id, claim.verification_id).auth_sent_at == STARTED
    store.clock.advance(20)
    assert not store.send(claim, KEYS)


def test_rejected_credentials_unverify(store: Store, trunk: Trunk) -> None:
    store.finish(claim_new(store, trunk), make_report())
    store.finish(claim_new(store, trunk), REJECTED)
    found = store.trunk(trunk.id)
    assert (found.is_verified, found.credentials) == (False, CredentialState.REJECTED)
    assert [flip.changes["is_verified"] for flip in store.flips(trunk.id)] == [[False, True], [True, False]]


def test_silence_takes_a_verified_trunk_down_at_the_third_time(store: Store, trunk: Trunk) -> None:
    store.finish(claim_new(store, trunk), make_report())
    for expected in (False, False, True):
        store.finish(claim_new(store, trunk), NO_RESPONSE)
        assert store.trunk(trunk.id).health_down is expected
    found = store.trunk(trunk.id)
    assert (found.is_verified, found.credentials) == (True, CredentialState.PROVEN)
    assert store.flips(trunk.id)[-1].changes == {
        "health_down": [False, True],
        "health_status": ["healthy", "unhealthy"],
    }


def test_an_inconclusive_run_is_kept_and_changes_nothing(store: Store, trunk: Trunk) -> None:
    store.finish(claim_new(store, trunk), make_report())
    before = store.trunk(trunk.id)
    store.clock.advance(60)
    claim = claim_new(store, trunk)
    store.finish(claim, BUSY)
    after = store.trunk(trunk.id)
    assert (after.is_verified, after.health_status) == (True, HealthStatus.HEALTHY)
    assert after.last_health_check_at == before.last_health_check_at
    view = store.installation.catalog.views.get(store.caller, trunk.id)
    assert view.last_verification is not None
    assert view.last_verification.id == claim.verification_id


@pytest.mark.parametrize("words", ["\ud800", "\x00", "\u2028", "ü"])
def test_whatever_a_peer_says_can_be_stored_and_answered(store: Store, trunk: Trunk, words: str) -> None:
    claim = claim_new(store, trunk)
    assert store.finish(claim, make_report(summary=f"It said {words}."))
    report = store.run(trunk.id, claim.verification_id).report
    assert report is not None
    assert report["summary"].encode("utf-8").startswith(b"It said ")


def test_a_run_ended_by_ourselves_says_so(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    assert store.finish(
        claim,
        service_report(
            Reason.SECRET_UNREADABLE, claim.first, started_at=claim.claimed_at, finished_at=store.clock.now
        ),
    )
    verification = store.run(trunk.id, claim.verification_id)
    assert (verification.outcome, verification.reason) == (Outcome.INCONCLUSIVE, Reason.SECRET_UNREADABLE)
    assert verification.report is not None
    assert verification.report["party"] == "ours"
    assert [check["name"] for check in verification.report["checks"]] == [
        "target",
        "dns",
        "address",
        "transport",
        "tls",
        "sip",
        "auth",
    ]
    assert store.flips(trunk.id) == []
