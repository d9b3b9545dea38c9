"""A day's schedule at a carrier whose ban filter counts us, over real sockets with the time passed in."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from sipcheck.engine import Engine
from tests.peers.guarded_carrier import FAIL2BAN, FREEPBX, GuardedCarrier
from tests.peers.udp_peer import Script, UdpPeer
from tests.trunks.forms import Store
from tests.worker.customers import Customers
from trunks.health.check import CheckClaim, CheckResult
from trunks.installation.setting_values import read_targets
from trunks.installation.settings import Settings
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Trunk
from trunks.rules.check_pace import SILENT_SECONDS
from trunks.rules.knock_limits import SHIPPED_RULES
from worker.checks.canaries import Canaries
from worker.checks.check_knocks import CheckKnocks
from worker.checks.destination_check import DestinationCheck
from worker.engine_loop import EngineLoop

HOST = "127.0.0.1"
RIGHT = "the right one"
JAILS = (*FAIL2BAN, *FREEPBX)
EVEN = timedelta(minutes=36)
# The jitter of what is due, and the intervals of what is confirmed.
LATE = timedelta(minutes=8)


class Schedule:
    """The checks of a worker, done at the moments when they are due."""

    def __init__(self, customers: Customers) -> None:
        self.customers = customers
        self.clock = customers.clock
        self.asked_at: list[datetime] = []
        self._installation = customers.store.installation
        self._knocks = CheckKnocks(self._installation.runs.check_ledger)

    def run_until(self, end: datetime, stop: Callable[[], bool] = lambda: False) -> None:
        while not stop():
            due_at = self._next_due()
            if due_at is None or due_at > end:
                self.clock.now = end
                return
            self.clock.now = max(self.clock.now, due_at)
            self._once()

    def _next_due(self) -> datetime | None:
        with self._installation.database.read() as session:
            rows = session.query(DestinationHealth.next_check_at).all()
        return min((due_at for (due_at,) in rows if due_at is not None), default=None)

    def _once(self) -> None:
        claims = self._installation.health.claims.claim(limit=100)
        done: list[CheckResult] = []
        refused: list[tuple[CheckClaim, float]] = []

        async def check(engine: Engine) -> None:
            check = DestinationCheck(
                engine,
                self._installation.runs.address_limits,
                self._knocks,
                timeout_seconds=0.3,
                on_result=lambda result: done.append(self._knocks.heard(result)),
                on_refused=lambda claim, seconds: refused.append((claim, seconds)),
            )
            await check.check(claims)

        self.customers.engine.begin(check).result()
        self.asked_at += [self.clock.now] * len(done)
        self._installation.health.results.settle(done)
        self._installation.health.claims.postpone(refused)
        self._knocks.settle()

    def trunk(self, trunk: Trunk) -> Trunk:
        return self.customers.store.trunk(trunk.id)


@pytest.fixture
def schedule(
    make_store: Callable[[Settings], Store],
    form_settings: Settings,
    udp_peer_factory: Callable[[Script], UdpPeer],
) -> Iterator[Schedule]:
    settings = form_settings.model_copy(update={"knocks": SHIPPED_RULES})
    engine = EngineLoop(settings.engine_settings(), timeout_seconds=3)
    engine.start()
    store = make_store(settings)
    carrier = GuardedCarrier(store.clock, jails=JAILS)
    yield Schedule(Customers(store, engine, carrier, udp_peer_factory(carrier)))
    engine.stop()


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
@pytest.mark.parametrize("environments", [pytest.param(1, marks=pytest.mark.long), 5])
def test_a_day_without_an_account_stays_below_every_limit(schedule: Schedule, environments: int) -> None:
    customers = schedule.customers
    for store in (customers.store, *customers.others(environments - 1)):
        customers.request(store, username=None, password=None)
        customers.work_until_done()
    schedule.run_until(schedule.clock.now + timedelta(days=1))
    customers.assert_nobody_banned()
    assert 30 <= len(schedule.asked_at) <= 50


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_where_an_account_is_proven_nothing_is_counted_and_nothing_slowed(schedule: Schedule) -> None:
    customers = schedule.customers
    customers.carrier.accounts["alice"] = RIGHT
    customers.request(customers.store, username="alice", password=RIGHT)
    customers.work_until_done()
    schedule.run_until(schedule.clock.now + timedelta(hours=2))
    assert customers.carrier.matches == []
    assert len(schedule.asked_at) > 100


def test_a_fall_and_a_recovery_are_seen_within_a_stretched_interval(schedule: Schedule) -> None:
    customers = schedule.customers
    trunk, _ = customers.request(customers.store, username=None, password=None)
    customers.work_until_done()
    schedule.run_until(schedule.clock.now + timedelta(hours=2))
    customers.carrier.is_down = True
    fell_at = schedule.clock.now
    schedule.run_until(fell_at + timedelta(hours=3), lambda: schedule.trunk(trunk).health_down)
    assert schedule.trunk(trunk).health_down
    assert schedule.clock.now - fell_at < EVEN + LATE
    seen = len(schedule.asked_at)
    schedule.run_until(fell_at + timedelta(hours=3))
    silent = len(schedule.asked_at) - seen
    assert silent == pytest.approx(
        (fell_at + timedelta(hours=3) - schedule.asked_at[seen]).total_seconds() / SILENT_SECONDS, abs=4
    )
    customers.carrier.is_down = False
    rose_at = schedule.clock.now
    schedule.run_until(rose_at + timedelta(hours=3), lambda: not schedule.trunk(trunk).health_down)
    assert not schedule.trunk(trunk).health_down
    assert schedule.clock.now - rose_at < EVEN
    schedule.run_until(rose_at + timedelta(days=1))
    customers.assert_nobody_banned()


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_whoever_looks_is_told_when_it_is_asked_next_and_that_it_is_stale(schedule: Schedule) -> None:
    customers = schedule.customers
    trunk, _ = customers.request(customers.store, username=None, password=None)
    customers.work_until_done()
    schedule.run_until(schedule.clock.now + timedelta(minutes=5))
    latest = customers.store.installation.health.latest
    found = latest.last_result(trunk.gateways[0].destination_id)
    assert found is not None
    assert found.slowed
    assert found.stale(schedule.clock.now)
    assert found.next_check_at is not None
    assert found.next_check_at - found.checked_at > EVEN * 0.8


@pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
def test_a_canary_whose_address_rests_is_not_asked_and_says_nothing(schedule: Schedule) -> None:
    customers = schedule.customers
    canaries = Canaries(
        read_targets(f"sip:{HOST}:{customers.port};transport=udp"),
        customers.store.installation.runs.check_ledger,
        timeout_seconds=0.3,
        clock=schedule.clock,
    )
    said = []
    for _ in range(60):  # ten minutes
        said.append(customers.engine.begin(canaries.alive).result())
        schedule.clock.advance(10)
    assert said[0] is True
    assert said.count(None) > 50
    customers.assert_nobody_banned()
