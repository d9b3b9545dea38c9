"""Lost messages and lost workers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import STARTED, Store, make_report
from trunks.errors import RunPostponed
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, VerificationStatus
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.credential_freeze import CredentialsFrozen
from trunks.runs.sending import CredentialKeys

KEYS = CredentialKeys(key="k" * 64, account_key="a" * 64)
QUARTER = 15 * 60.0
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)


@pytest.fixture
def trunk(store: Store) -> Trunk:
    return store.make_trunk()


def claim_new(store: Store, trunk: Trunk) -> ClaimedRun:
    claim = store.claim(store.installation.runs.requests.request(store.caller, trunk.id))
    assert claim is not None
    return claim


def test_a_run_whose_worker_is_gone_is_due_at_once(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    store.clock.advance(19)
    assert store.installation.runs.recovery.tend().reclaimed == ()
    store.clock.advance(2)
    tended = store.installation.runs.recovery.tend()
    assert tended.reclaimed == (claim.verification_id,)
    again = store.claim(claim.verification_id)
    assert again is not None
    assert again.claim_id != claim.claim_id


def test_credentials_that_left_are_not_sent_again(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    store.send(claim, KEYS)
    store.clock.advance(21)
    tended = store.installation.runs.recovery.tend()
    assert (tended.ended, tended.reclaimed) == ((claim.verification_id,), ())
    ended = store.run(trunk.id, claim.verification_id)
    assert (ended.status, ended.outcome, ended.reason) == (
        VerificationStatus.DONE,
        Outcome.INCONCLUSIVE,
        Reason.CANCELLED,
    )
    assert ended.counted is False
    assert store.flips(trunk.id) == []


def test_one_more_run_follows_a_minute_later_and_no_third(store: Store, trunk: Trunk) -> None:
    first = claim_new(store, trunk)
    store.send(first, KEYS)
    store.clock.advance(21)
    store.installation.runs.recovery.tend()
    retry = store.runs(trunk.id)[0]
    assert retry.requested_by is RequestedBy.RECOVERY
    assert retry.due_at == STARTED + timedelta(seconds=81)
    store.clock.advance(59)
    assert store.claim(retry.id) is None
    store.clock.advance(1)
    store.clock.advance(QUARTER)  # what was sent may have been rejected: see below
    second = store.claim(retry.id)
    assert second is not None
    store.send(second, KEYS)
    store.clock.advance(21)
    assert store.installation.runs.recovery.tend().ended == (retry.id,)
    assert [each.status for each in store.runs(trunk.id)] == [VerificationStatus.DONE] * 2


def test_whoever_asks_meanwhile_need_not_wait_for_the_minute(store: Store, trunk: Trunk) -> None:
    first = claim_new(store, trunk)
    store.send(first, KEYS)
    store.clock.advance(21)
    store.installation.runs.recovery.tend()
    asked = store.installation.runs.requests.request(store.caller, trunk.id)
    assert asked == store.runs(trunk.id)[0].id
    assert store.claim(asked) is not None


def lose_behind_credentials(store: Store, trunk: Trunk) -> None:
    """Let a worker vanish between sending and recording, and its lease pass."""
    store.send(claim_new(store, trunk), KEYS)
    store.clock.advance(21)
    store.installation.runs.recovery.tend()


def test_what_became_of_lost_credentials_is_waited_for_twice_as_long_each_time(
    store: Store, trunk: Trunk
) -> None:
    waits = []
    for _ in range(6):
        claim = claim_new(store, trunk)
        assert store.send(claim, KEYS)
        store.clock.advance(21)
        store.installation.runs.recovery.tend()
        claim = replace(claim_new(store, trunk), explicit=False)
        for configured_key in (None, KEYS.key):
            with pytest.raises(RunPostponed) as postponed:
                store.frozen_until(claim, KEYS.account_key, configured_key)
        waits.append(postponed.value.seconds)
        assert store.frozen_until(claim, KEYS.account_key, "another realm's") is None
        with pytest.raises(CredentialsFrozen):
            store.send(claim, KEYS)
        assert store.put_off(claim, seconds=postponed.value.seconds)
        store.clock.advance(postponed.value.seconds)
    assert waits == [60, 120, 240, 480, 900, 900]


def test_an_answer_that_is_read_ends_the_row_of_losses(store: Store, trunk: Trunk) -> None:
    for _ in range(2):
        assert store.send(claim_new(store, trunk), KEYS)
        store.clock.advance(21)
        store.installation.runs.recovery.tend()
        store.clock.advance(QUARTER)
    rejected = claim_new(store, trunk)
    assert store.send(rejected, KEYS)
    assert store.finish(rejected, REJECTED)
    store.clock.advance(QUARTER)
    assert store.send(claim_new(store, trunk), KEYS)
    store.clock.advance(21)
    store.installation.runs.recovery.tend()
    claim = replace(claim_new(store, trunk), explicit=False)
    with pytest.raises(CredentialsFrozen) as frozen:
        store.send(claim, KEYS)
    assert frozen.value.retry_at - store.clock.now <= timedelta(seconds=QUARTER)


def test_the_run_in_place_of_a_lost_one_may_send_when_it_comes(store: Store, trunk: Trunk) -> None:
    lose_behind_credentials(store, trunk)
    retry = store.runs(trunk.id)[0]
    store.clock.advance(60)
    claim = store.claim(retry.id)
    assert claim is not None
    assert store.frozen_until(claim, KEYS.account_key, None) is None
    assert store.send(claim, KEYS)


def test_whoever_asks_by_hand_may_send_lost_credentials_at_once(store: Store, trunk: Trunk) -> None:
    lose_behind_credentials(store, trunk)
    claim = claim_new(store, trunk)
    assert claim.explicit
    assert store.frozen_until(claim, KEYS.account_key, None) is None
    assert store.send(claim, KEYS)


def test_a_stopping_worker_leaves_no_hold_to_wait_for(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    store.send(claim, KEYS)
    store.break_off(claim)
    assert store.send(claim_new(store, trunk), KEYS)


def test_a_run_put_off_holds_nothing(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    store.send(claim, KEYS)
    assert store.put_off(claim, seconds=0)
    again = store.claim(claim.verification_id)
    assert again is not None
    assert store.run(trunk.id, again.verification_id).auth_sent_at is None
    assert store.send(again, KEYS)


def test_a_run_that_is_given_back_is_anyones_at_once(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    assert store.break_off(claim)
    assert store.claim(claim.verification_id) is not None


def test_a_run_given_back_after_credentials_left_ends(store: Store, trunk: Trunk) -> None:
    claim = claim_new(store, trunk)
    store.send(claim, KEYS)
    assert store.break_off(claim)
    assert store.run(trunk.id, claim.verification_id).reason is Reason.CANCELLED
    assert len(store.runs(trunk.id)) == 2


def test_a_turn_stays_short_however_many_leases_are_over(store: Store) -> None:
    for _ in range(120):
        store.installation.runs.requests.request(store.caller, store.make_trunk().id)
    while store.installation.runs.claims.claim(limit=100).runs:
        pass
    store.clock.advance(21)
    turns = [len(store.installation.runs.recovery.tend().reclaimed) for _ in range(3)]
    assert turns == [100, 20, 0]
