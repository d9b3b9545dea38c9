"""Nobody's ban filter sees more of us than it bears, over real sockets with the time passed in (sip.md, hazard 1)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from sipcheck.reasons import Cause, Outcome, Reason
from tests.peers.guarded_carrier import FAIL2BAN, FREEPBX, Brand, GuardedCarrier
from tests.peers.udp_peer import Script, UdpPeer
from tests.trunks.forms import Store
from tests.worker.customers import Customers
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.rules.knock_limits import SHIPPED_RULES
from worker.engine_loop import EngineLoop

RIGHT = "the right one"
JAILS = (*FAIL2BAN, *FREEPBX)


@pytest.fixture(params=[Brand.ASTERISK, Brand.FREESWITCH])
def brand(request: pytest.FixtureRequest) -> Brand:
    return Brand(request.param)


@pytest.fixture(params=[1, 5], ids=["one-environment", "five-environments"])
def environments(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def customers(
    make_store: Callable[[Settings], Store],
    form_settings: Settings,
    udp_peer_factory: Callable[[Script], UdpPeer],
    brand: Brand,
) -> Iterator[Customers]:
    settings = form_settings.model_copy(update={"knocks": SHIPPED_RULES})
    engine = EngineLoop(settings.engine_settings(), timeout_seconds=3)
    engine.start()
    store = make_store(settings)
    carrier = GuardedCarrier(store.clock, jails=JAILS, brand=brand)
    yield Customers(store, engine, carrier, udp_peer_factory(carrier))
    engine.stop()


embedded = pytest.mark.parametrize("form_settings", ["embedded"], indirect=True)
# Each brand once and each number of environments once in every run, and the others of them in the long ones.
crossed = pytest.mark.parametrize(
    ("brand", "environments"),
    [
        (Brand.ASTERISK, 5),
        (Brand.FREESWITCH, 1),
        pytest.param(Brand.ASTERISK, 1, marks=pytest.mark.long),
        pytest.param(Brand.FREESWITCH, 5, marks=pytest.mark.long),
    ],
    indirect=True,
)


@embedded
@crossed
def test_seven_trunks_with_wrong_users_in_a_row_get_nobody_banned(
    customers: Customers, environments: int
) -> None:
    stores = [customers.store, *customers.others(environments - 1)]
    asked = []
    for number in range(7):
        store = stores[number % environments]
        asked.append((store, customers.request(store, username=f"nobody{number}", password="x")))
        customers.work()
        customers.clock.advance(20)
    customers.work_until_done()
    customers.assert_nobody_banned()
    reasons = {customers.outcome(store, each).reason for store, each in asked}
    assert reasons <= {Reason.CREDENTIALS_REJECTED, Reason.REGISTRATION_FORBIDDEN}


@embedded
@crossed
def test_wrong_wrong_wrong_right_on_five_accounts_gets_nobody_banned(
    customers: Customers, environments: int
) -> None:
    stores = [customers.store, *customers.others(environments - 1)]
    users = [f"user{number}" for number in range(5)]
    customers.carrier.accounts |= dict.fromkeys(users, RIGHT)
    for password in ("wrong", "wronger", "wrongest", RIGHT):
        asked = [
            (store, customers.request(store, username=user, password=password))
            for user, store in zip(users, _in_turn(stores, 5), strict=True)
        ]
        customers.work_until_done()
        customers.assert_nobody_banned()
        customers.clock.advance(60)
        asked = [(store, _asked_again(customers, store, each)) for store, each in asked]
    for store, each in asked:
        assert customers.outcome(store, each).reason is Reason.CREDENTIALS_PROVEN


def _in_turn(stores: Sequence[Store], count: int) -> list[Store]:
    return [stores[number % len(stores)] for number in range(count)]


def _asked_again(customers: Customers, store: Store, asked: tuple[Trunk, UUID]) -> tuple[Trunk, UUID]:
    """Ask again when the account may be tried again, as each refusal says."""
    run = customers.outcome(store, asked)
    while run.reason is Reason.CREDENTIALS_FROZEN:
        assert run.report is not None
        assert run.report["cause"] == Cause.TOO_MANY_REJECTIONS
        customers.clock.advance(15 * 60)
        trunk, _ = asked
        asked = trunk, store.installation.runs.requests.request(store.caller, trunk.id)
        customers.work_until_done()
        customers.assert_nobody_banned()
        run = customers.outcome(store, asked)
    return asked


@embedded
def test_a_typo_corrected_a_minute_later_is_verified_at_once(customers: Customers) -> None:
    customers.carrier.accounts["alice"] = RIGHT
    customers.request(customers.store, username="alise", password=RIGHT)
    customers.work()
    customers.clock.advance(60)
    corrected = customers.request(customers.store, username="alice", password=RIGHT)
    customers.work()
    assert customers.outcome(customers.store, corrected).reason is Reason.CREDENTIALS_PROVEN
    customers.assert_nobody_banned()


@pytest.mark.parametrize("brand", [Brand.ASTERISK], indirect=True)
def test_who_has_to_wait_is_told_until_when_and_runs_by_himself(customers: Customers) -> None:
    store = customers.store
    for number in range(2):
        customers.request(store, username=f"nobody{number}", password="x")
        customers.work()
    customers.carrier.accounts["alice"] = RIGHT
    started = customers.clock.now
    waits = customers.request(store, username="alice", password=RIGHT)
    customers.work()
    run = customers.outcome(store, waits)
    assert (run.status, run.reason, run.outcome) == (
        VerificationStatus.QUEUED,
        Reason.ADDRESS_RESTING,
        Outcome.INCONCLUSIVE,
    )
    assert run.report is not None
    assert run.report["retry_at"] == "2026-03-01T12:10:00Z"
    assert waits[1] in customers.told
    assert store.installation.runs.requests.done_among([waits[1]]) == {waits[1]}
    assert customers.carrier.passwords[-1][0] != "alice"
    customers.clock.now = started + timedelta(minutes=10, seconds=1)
    customers.work()
    run = customers.outcome(store, waits)
    assert (run.status, run.reason) == (VerificationStatus.DONE, Reason.CREDENTIALS_PROVEN)


@pytest.mark.parametrize("brand", [Brand.ASTERISK], indirect=True)
def test_proven_credentials_never_wait_for_others_knocks(customers: Customers) -> None:
    customers.carrier.accounts["alice"] = RIGHT
    store = customers.store
    trunk, _ = customers.request(store, username="alice", password=RIGHT)
    customers.work()
    for number in range(3):
        customers.request(store, username=f"nobody{number}", password="x")
        customers.work()
    again = trunk, store.installation.runs.requests.request(store.caller, trunk.id)
    customers.work()
    assert customers.outcome(store, again).reason is Reason.CREDENTIALS_PROVEN


@pytest.mark.parametrize("brand", [Brand.ASTERISK], indirect=True)
def test_workers_killed_between_sending_and_settling_stay_below_the_limits(customers: Customers) -> None:
    for number in range(10):
        customers.request(customers.store, username=f"nobody{number}", password="x")
        customers.work(customers.vanish)
        customers.clock.advance(14)  # their leases are over
        customers.store.installation.runs.recovery.tend()
        customers.assert_nobody_banned()
    customers.work_until_done()
    customers.assert_nobody_banned()


@pytest.mark.parametrize("brand", [Brand.ASTERISK], indirect=True)
def test_silence_behind_knocks_is_perhaps_a_ban(customers: Customers) -> None:
    store = customers.store
    customers.request(store, username="nobody", password="x")
    customers.work()
    customers.carrier.banned_at = customers.clock.now
    silent = customers.request(store, username="alice", password=RIGHT)
    customers.work()
    report = customers.outcome(store, silent).report
    assert report is not None
    assert (report["reason"], report["cause"]) == (Reason.NO_RESPONSE, Cause.BANNED_PERHAPS)
    assert "4 of our requests" in report["summary"]


@embedded
@pytest.mark.parametrize("brand", [Brand.ASTERISK], indirect=True)
def test_a_carrier_that_never_answered_is_dead_and_bans_nobody(customers: Customers) -> None:
    customers.carrier.is_down = True
    asked = [customers.request(customers.store, username=f"user{each}", password="x") for each in range(5)]
    customers.work_until_done()
    for each in asked:
        report = customers.outcome(customers.store, each).report
        assert report is not None
        assert (report["reason"], report["cause"]) == (Reason.NO_RESPONSE, Cause.SILENCE)


@pytest.mark.parametrize("brand", [Brand.ASTERISK], indirect=True)
def test_many_trunks_with_right_passwords_knock_at_nobody(customers: Customers) -> None:
    customers.carrier.accounts |= {f"user{number}": RIGHT for number in range(40)}
    asked = [
        customers.request(customers.store, username=f"user{number}", password=RIGHT) for number in range(40)
    ]
    customers.work_until_done()
    assert _reasons(customers, asked) == {Reason.CREDENTIALS_PROVEN}
    assert Reason.ADDRESS_RESTING not in {customers.outcome(customers.store, each).reason for each in asked}
    assert customers.carrier.matches == []


def _reasons(customers: Customers, asked: Iterable[tuple[Trunk, UUID]]) -> set[Reason | None]:
    return {customers.outcome(customers.store, each).reason for each in asked}
