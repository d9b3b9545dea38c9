"""What results do to the trunks that share a destination: the state table, set-based, on both engines."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from sipcheck.reasons import CredentialState, Outcome, Reason
from tests.trunks.forms import STARTED, Store, make_report
from tests.trunks.health_watch import LONG_ENOUGH_SECONDS, SILENT, HealthWatch
from trunks.health.check import CheckClaim, CheckResult, EdgeResult
from trunks.ids import new_id
from trunks.models.health_rollup import HealthRollup
from trunks.models.trunk import Gateway, Trunk
from trunks.rules.trunk_state import Cause, HealthStatus

UP = (True, False, HealthStatus.HEALTHY)
DEGRADED = (True, False, HealthStatus.DEGRADED)
DOWN = (False, True, HealthStatus.UNHEALTHY)
REJECTED = make_report(Outcome.FAILED, Reason.CREDENTIALS_REJECTED, credentials=CredentialState.REJECTED)
EXPIRED = make_report(Outcome.FAILED, Reason.TLS_EXPIRED, credentials=CredentialState.NOT_TESTED)


@pytest.fixture
def watch(store: Store) -> HealthWatch:
    return HealthWatch(store)


def test_down_after_three_failures_and_back_after_two_answers(watch: HealthWatch) -> None:
    trunks = [watch.verified() for _ in range(3)]
    seen = []
    for alive in (False, False, False, False, True, True):
        watch.cycle(alive=alive)
        assert len({watch.status(trunk) for trunk in trunks}) == 1
        seen.append(watch.status(trunks[0]))
    assert seen == [UP, UP, DOWN, DOWN, DOWN, UP]


def test_the_flips_tell_what_changed_and_why(watch: HealthWatch) -> None:
    trunk = watch.verified()
    for alive in (False, False, False, True, True):
        watch.cycle(alive=alive)
    down, up = watch.store.flips(trunk.id)[-2:]
    assert (down.cause, down.generation, down.verification_id) == (Cause.HEALTH, 1, None)
    assert down.changes == {
        "health_down": [False, True],
        "health_status": ["healthy", "unhealthy"],
        "is_active": [True, False],
    }
    assert up.changes == {
        "health_down": [True, False],
        "health_status": ["unhealthy", "healthy"],
        "is_active": [False, True],
    }
    assert up.at == watch.store.clock.now == watch.store.trunk(trunk.id).updated_at


def test_what_does_not_change_writes_no_flip(watch: HealthWatch) -> None:
    watch.verified()
    before = watch.count_flips()
    for _ in range(3):
        watch.cycle(alive=True)
    assert watch.count_flips() == before


def test_each_trunk_counts_for_itself(watch: HealthWatch) -> None:
    early = watch.verified()
    watch.cycle(alive=False)
    late = watch.verified()
    watch.cycle(alive=False)
    watch.cycle(alive=False)
    assert (watch.status(early), watch.status(late)) == (DOWN, UP)
    watch.cycle(alive=False)
    assert watch.status(late) == DOWN


def test_what_the_customer_switched_off_never_comes_back_by_itself(watch: HealthWatch) -> None:
    trunk = watch.verified(wanted=False)
    for alive in (False, False, False, True, True):
        watch.cycle(alive=alive)
    assert watch.status(trunk) == (False, False, HealthStatus.HEALTHY)


def test_a_destination_that_answers_heals_no_rejected_credentials(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.verify(trunk, REJECTED)
    for _ in range(3):
        watch.cycle(alive=True)
    assert watch.status(trunk) == (False, False, HealthStatus.UNHEALTHY)


def test_an_unhealthy_trunk_that_is_not_rejected_is_healthy_after_two_answers(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.verify(trunk, EXPIRED)
    watch.cycle(alive=True)
    assert watch.status(trunk)[2] is HealthStatus.UNHEALTHY
    watch.cycle(alive=True)
    assert watch.status(trunk) == (False, False, HealthStatus.HEALTHY)
    assert not watch.store.trunk(trunk.id).is_verified


def test_dead_edges_degrade_and_heal(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.cycle(alive=True, some_dead=True)
    assert watch.status(trunk) == DEGRADED
    watch.cycle(alive=True)
    assert watch.status(trunk) == UP


def test_a_failed_verification_counts_as_one_failed_check(watch: HealthWatch) -> None:
    trunk = watch.verified()
    watch.verify(trunk, SILENT)
    watch.cycle(alive=False)
    assert watch.status(trunk) == UP
    watch.cycle(alive=False)
    assert watch.status(trunk) == DOWN


def test_a_successful_verification_brings_a_trunk_back_at_once(watch: HealthWatch) -> None:
    trunk, other = watch.verified(), watch.verified()
    for _ in range(3):
        watch.cycle(alive=False)
    watch.verify(trunk, make_report())
    assert (watch.status(trunk), watch.status(other)) == (UP, DOWN)


def test_a_result_for_an_older_configuration_changes_nothing(watch: HealthWatch) -> None:
    trunk = watch.verified()
    for _ in range(2):
        watch.cycle(alive=False)
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    claims = watch.claim()
    watch.store.edit(trunk.id)
    assert watch.settle(claims, alive=False) == 0
    assert watch.status(trunk) == UP


def test_a_settled_result_counts_once(watch: HealthWatch) -> None:
    trunk = watch.verified()
    claims = watch.cycle(alive=False)
    for _ in range(3):
        watch.settle(claims, alive=False)
    assert watch.store.trunk(trunk.id).failed_checks == 1


def test_faults_of_the_resolver_count_towards_nothing(watch: HealthWatch) -> None:
    trunk = watch.verified()
    for _ in range(4):
        assert len(watch.cycle(alive=False, reason=Reason.DNS_TIMEOUT)) == 1
    assert watch.status(trunk) == UP
    assert watch.health(watch.destination_of(trunk)).failures == 0


@pytest.mark.parametrize("count", [450])
def test_many_trunks_flip_in_chunks(watch: HealthWatch, count: int) -> None:
    trunk = watch.verified()
    _copy(watch, trunk, count)
    for _ in range(2):
        watch.cycle(alive=False)
    before = watch.count_flips()
    watch.cycle(alive=False)
    assert watch.count_flips() - before == count + 1
    with watch.store.installation.database.read() as session:
        assert session.query(Trunk).filter(Trunk.is_active).count() == 0
    watch.cycle(alive=True)
    watch.cycle(alive=True)
    assert watch.count_flips() - before == 2 * (count + 1)


def test_a_trunk_lives_while_one_of_its_gateways_does(watch: HealthWatch) -> None:
    trunk = watch.verified(domain="first.example")
    _add_gateway(watch, trunk, "second.example")

    def first_is_dead(claim: CheckClaim) -> bool:
        return claim.domain != "first.example"

    watch.cycle(alive=True)
    assert watch.status(trunk) == UP
    for _ in range(4):
        watch.cycle(alive=first_is_dead)
    assert watch.status(trunk) == DEGRADED
    for _ in range(4):
        watch.cycle(alive=False)
    assert watch.status(trunk) == DOWN
    for _ in range(2):
        watch.cycle(alive=lambda claim: not first_is_dead(claim))
    assert watch.status(trunk) == DEGRADED
    watch.cycle(alive=True)
    watch.cycle(alive=True)
    assert watch.status(trunk) == UP


def test_the_hour_is_rolled_up_by_destination(watch: HealthWatch) -> None:
    trunk = watch.verified()
    for alive in (True, False, True):
        watch.cycle(alive=alive)
    with watch.store.installation.database.read() as session:
        (hour,) = session.scalars(
            select(HealthRollup).where(HealthRollup.destination_id == watch.destination_of(trunk))
        )
    assert (hour.hour, hour.checks, hour.failures) == (STARTED, 3, 1)
    assert (hour.latency_sum_ms, hour.latency_max_ms) == (25.0, 12.5)


def test_what_the_answer_said_is_kept_with_its_status(watch: HealthWatch) -> None:
    trunk = watch.verified()

    def kept() -> tuple[object, ...]:
        found = watch.health(watch.destination_of(trunk))
        return found.facts, found.facts_status, found.facts_at

    watch.cycle(alive=True, facts={"Server": "Switch 1"}, sip_status=200)
    well = ({"Server": "Switch 1"}, 200, watch.store.clock.now)
    assert kept() == well
    watch.cycle(alive=True, sip_status=200)  # only its status was looked at
    assert kept() == well
    watch.cycle(alive=False, facts={})  # silence says nothing that could be kept
    assert kept() == well
    watch.cycle(
        alive=False,
        reason=Reason.SIP_SERVICE_UNAVAILABLE,
        facts={"Server": "Proxy 2", "Retry-After": "30"},
        sip_status=503,
    )
    assert kept() == ({"Server": "Proxy 2", "Retry-After": "30"}, 503, watch.store.clock.now)


def test_many_results_of_different_kinds_are_written_together(watch: HealthWatch) -> None:
    trunks = [watch.verified(domain=f"carrier{number}.example") for number in range(30)]
    dead = {watch.destination_of(trunk) for trunk in trunks[::3]}
    told = {watch.destination_of(trunk) for trunk in trunks[1::3]}
    watch.store.clock.advance(LONG_ENOUGH_SECONDS)
    claims = watch.claim()
    results = [
        CheckResult(
            claim=claim,
            alive=claim.destination_id not in dead,
            reason=Reason.NO_RESPONSE if claim.destination_id in dead else Reason.ALIVE,
            latency_ms=None if claim.destination_id in dead else float(number),
            sip_status=None if claim.destination_id in dead else 200,
            address=f"192.0.2.{number}",
            facts={"Server": f"Switch {number}"} if claim.destination_id in told else None,
        )
        for number, claim in enumerate(claims)
    ]
    watch.store.installation.health.results.settle(results)
    for number, result in enumerate(results):
        found = watch.health(result.claim.destination_id)
        assert (found.alive, found.reason, found.latency_ms, found.sip_status, found.address) == (
            result.alive,
            result.reason,
            result.latency_ms,
            result.sip_status,
            result.address,
        )
        assert found.facts == (
            {"Server": f"Switch {number}"} if result.claim.destination_id in told else None
        )
        assert (found.claim_id, found.failures) == (None, int(not result.alive))
        assert found.next_check_at is not None
        assert 54 <= (found.next_check_at - watch.store.clock.now).total_seconds() <= 66


def test_workers_that_settle_at_once_do_not_block_each_other(watch: HealthWatch) -> None:
    trunks = [watch.verified(domain=f"carrier{number}.example") for number in range(12)]
    for _ in range(3):
        watch.store.clock.advance(LONG_ENOUGH_SECONDS)
        claims = watch.claim()
        halves = (claims[:6], claims[6:])
        with ThreadPoolExecutor(4) as threads:
            settled = [threads.submit(watch.settle, half, alive=False) for half in halves]
            verified = [threads.submit(watch.verify, trunk, SILENT) for trunk in trunks[:4]]
            for settling in settled:
                settling.result()
            for verifying in verified:
                verifying.result()
    assert all(watch.store.trunk(trunk.id).health_down for trunk in trunks[:4])


def _copy(watch: HealthWatch, trunk: Trunk, count: int) -> None:
    """Enter many trunks like this one."""
    columns = [column.name for column in Trunk.__table__.columns]
    with watch.store.installation.database.write() as session:
        found = session.get_one(Trunk, trunk.id)
        values = {name: getattr(found, name) for name in columns}
        for _ in range(count):
            copied = Trunk(**(values | {"id": new_id()}))
            copied.gateways = [_gateway(found.gateways[0])]
            session.add(copied)


def _gateway(like: Gateway) -> Gateway:
    return Gateway(
        destination_id=like.destination_id,
        host=like.host,
        port=like.port,
        transport=like.transport,
        priority=like.priority,
    )


def _add_gateway(watch: HealthWatch, trunk: Trunk, domain: str) -> None:
    other = watch.verified(domain=domain)
    with watch.store.installation.database.write() as session:
        found = session.get_one(Trunk, trunk.id)
        second = _gateway(session.get_one(Trunk, other.id).gateways[0])
        second.priority = 2
        found.gateways.append(second)


def _counts(watch: HealthWatch, trunk: Trunk) -> dict[str, tuple[int, int, dict[int, int]]]:
    """Each edge's checks, failures, and answers by the number of their latencies' bucket."""
    found = watch.store.installation.health.latest.edges([watch.destination_of(trunk)])
    return {
        each.edge: (
            each.checks,
            each.failures,
            {number: count for number, count in enumerate(each.latencies) if count},
        )
        for each in found
    }


def _of_destination(watch: HealthWatch, trunk: Trunk) -> tuple[int, int]:
    with watch.store.installation.database.read() as session:
        rows = session.scalars(
            select(HealthRollup).where(
                HealthRollup.destination_id == watch.destination_of(trunk), HealthRollup.of_destination
            )
        ).all()
    return sum(row.checks for row in rows), sum(row.failures for row in rows)


def test_checks_are_counted_by_edge_and_latencies_by_their_size(watch: HealthWatch) -> None:
    trunk = watch.verified()
    first, second = "192.0.2.1:5060/udp", "[2001:db8::1]:5060/udp"
    for latency_ms in (0.4, 1.0, 1.1, 2000.0, 2000.1):
        watch.cycle(alive=True, edges=(EdgeResult(first, True, latency_ms),))
    assert _counts(watch, trunk) == {first: (5, 0, {0: 2, 1: 1, 14: 1, 15: 1})}
    assert _of_destination(watch, trunk) == (5, 0)
    both = (EdgeResult(first, False, None), EdgeResult(second, True, 12.0))
    watch.cycle(alive=True, some_dead=True, edges=both)
    watch.cycle(alive=False, edges=(EdgeResult(first, False, 30.0), EdgeResult(second, False, None)))
    assert _counts(watch, trunk) == {
        first: (7, 2, {0: 2, 1: 1, 5: 1, 14: 1, 15: 1}),
        second: (2, 1, {4: 1}),
    }
    assert _of_destination(watch, trunk) == (7, 1)
    watch.cycle(alive=False)  # no edge was found
    assert _of_destination(watch, trunk) == (8, 2)


def test_edges_are_told_of_for_a_day_and_only_to_whom_they_belong(watch: HealthWatch) -> None:
    trunk, other = watch.verified(), watch.verified(domain="other.example")
    watch.cycle(alive=True, edges=(EdgeResult("192.0.2.1:5060/udp", True, 1.0),))
    assert set(_counts(watch, trunk)) == set(_counts(watch, other)) == {"192.0.2.1:5060/udp"}
    assert _counts(watch, trunk)["192.0.2.1:5060/udp"][0] == 1
    watch.store.clock.advance(25 * 3600)
    assert _counts(watch, trunk) == {}
