"""An account that alone asks at a destination is proven again: in six hours, and where something else answers."""

import pytest

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import Store, make_report, with_edge
from tests.trunks.health_watch import SILENT, HealthWatch
from trunks.health.check import CheckClaim
from trunks.models.trunk import Trunk
from trunks.runs.claimed_run import ClaimedRun

PROVEN = make_report()
BUSY = with_edge(
    make_report(Outcome.INCONCLUSIVE, Reason.SIP_SERVICE_UNAVAILABLE, credentials=CredentialState.NOT_TESTED),
    503,
)
SIX_HOURS = 6 * 3600


@pytest.fixture
def watch(store: Store) -> HealthWatch:
    return HealthWatch(store)


def proofs(watch: HealthWatch) -> list[ClaimedRun]:
    """The proofs that are due now."""
    ids = watch.store.installation.runs.proofs.tend()
    found = [watch.store.claim(each) for each in ids]
    return [claim for claim in found if claim is not None]


def check(watch: HealthWatch, status: int | None, *, seconds: float = 67) -> list[CheckClaim]:
    """Let time pass, and the check that is due be answered by this, or not at all."""
    watch.store.clock.advance(seconds)
    claims = watch.claim()
    reason = (
        Reason.NO_RESPONSE if status is None else Reason.ALIVE if status == 200 else Reason.SIP_SERVER_ERROR
    )
    watch.settle(claims, alive=status == 200, sip_status=status, reason=reason)
    return claims


def next_check(watch: HealthWatch) -> CheckClaim | None:
    return next(iter(check(watch, 200)), None)


def test_it_is_proven_again_after_six_hours_and_one_of_two_is_not(watch: HealthWatch) -> None:
    trunk = watch.verified(PROVEN)
    check(watch, 200)
    for _ in range(3):
        check(watch, 200, seconds=60)
    assert proofs(watch) == []
    watch.store.clock.advance(SIX_HOURS - 3600)
    watch.claim()  # it was due for long, and is spread over an interval
    check(watch, 200, seconds=61)
    assert proofs(watch) == []
    for _ in range(65):
        check(watch, 200, seconds=60)
    (proof,) = proofs(watch)
    assert proof.first.trunk_id == trunk.id
    assert watch.store.finish(proof, PROVEN)
    assert proofs(watch) == []


def test_of_two_accounts_none_is_proven_before_its_day(watch: HealthWatch) -> None:
    for user in ("alice", "bob"):
        watch.verified(PROVEN, username=user)
    watch.store.clock.advance(SIX_HOURS + 60)
    watch.claim()
    check(watch, 200, seconds=61)
    assert proofs(watch) == []


@pytest.mark.parametrize("answers", [[200, None, 200], [200, 404], [200, 503], [200, None, None, 503]])
@pytest.mark.parametrize("proven", [PROVEN, SILENT, BUSY])
def test_before_the_next_check_after_a_silence_or_another_status_it_is_proven_again(
    watch: HealthWatch, answers: list[int | None], proven: object
) -> None:
    watch.verified(PROVEN)
    watch.store.clock.advance(400)
    watch.claim()
    for status in answers:
        (claim,) = check(watch, status)
        assert claim.asker is not None
        assert claim.asker.proven_here
    assert next_check(watch) is None  # it waits
    (proof,) = proofs(watch)
    assert next_check_soon(watch) is None
    assert watch.store.finish(proof, proven)  # type: ignore[arg-type]
    after = next_check(watch)
    assert after is not None
    assert after.asker is not None
    assert after.asker.proven_here


def test_another_server_is_another_answer_and_what_goes_on_failing_alike_is_none(watch: HealthWatch) -> None:
    trunk = watch.verified(PROVEN)
    destination_id = watch.destination_of(trunk)
    watch.store.clock.advance(400)
    watch.claim()
    changed = []
    told = [("A/1", 200), (None, 200), ("A/1", 200), ("B/2", 200), (None, 200), ("B/2", 503), ("B/2", 503)]
    for server, status in told:
        claims = watch.cycle(
            alive=status == 200, sip_status=status, facts=None if server is None else {"Server": server}
        )
        if not claims:  # it waits for a proof, which this answers
            (proof,) = proofs(watch)
            watch.store.finish(proof, PROVEN)
            watch.cycle(
                alive=status == 200, sip_status=status, facts=None if server is None else {"Server": server}
            )
        changed.append(watch.health(destination_id).changed_at == watch.store.clock.now)
    assert changed == [False, False, False, True, False, True, False]


def next_check_soon(watch: HealthWatch) -> CheckClaim | None:
    return next(iter(check(watch, 200, seconds=6)), None)


def test_an_account_that_is_gone_asks_no_more(watch: HealthWatch) -> None:
    watch.verified(PROVEN)
    watch.store.clock.advance(400)
    watch.claim()
    for status in (200, None, 200):
        check(watch, status)
    assert next_check(watch) is None
    (proof,) = proofs(watch)
    rejected = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
    assert watch.store.finish(proof, rejected)
    claim = next_check(watch)
    assert claim is not None
    assert claim.asker is None or not claim.asker.proven_here


def test_a_check_waits_for_a_proof_two_intervals_and_then_asks_as_one_that_is_not_proven(
    watch: HealthWatch,
) -> None:
    watch.verified(PROVEN)
    watch.store.clock.advance(400)
    watch.claim()
    for status in (200, 404):
        check(watch, status)
    waited = [next_check_soon(watch) for _ in range(30)]
    asked = next(each for each in waited if each is not None)
    assert waited.index(asked) >= 15
    assert asked.asker is not None
    assert not asked.asker.proven_here


def test_who_asks_meanwhile_is_answered_as_one_that_is_not_proven(watch: HealthWatch) -> None:
    trunk: Trunk = watch.verified(PROVEN)
    watch.store.clock.advance(400)
    watch.claim()
    for status in (200, 404):
        check(watch, status)
    watch.store.installation.health.latest.ask([watch.destination_of(trunk)])
    (claim,) = watch.claim()
    assert claim.asker is not None
    assert not claim.asker.proven_here


def test_what_changes_all_the_time_is_proven_once_in_five_minutes(watch: HealthWatch) -> None:
    watch.verified(PROVEN)
    watch.store.clock.advance(400)
    watch.claim()
    count = 0
    statuses = {200: 404, 404: 200}
    status = 404
    for _ in range(30):
        # Not each minute has a check: one is due about a minute after the last.
        if check(watch, status, seconds=60):
            status = statuses[status]
        for proof in proofs(watch):
            count += 1
            assert watch.store.finish(proof, PROVEN)
    assert 4 <= count <= 7
