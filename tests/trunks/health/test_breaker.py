"""A mass fall is held, a single fall is not (docs/design/architecture.md, "Breaker"), on both engines."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from sipcheck.reasons import Reason
from tests.trunks.forms import Store
from tests.trunks.health_watch import HealthWatch, flips_are_held, latest_fall
from trunks.health.check import CheckClaim
from trunks.installation.settings import Settings, load_settings
from trunks.models.trunk import Trunk
from trunks.rules.mass_failure import Release
from trunks.rules.trunk_state import HealthStatus

DESTINATIONS = 12
HELD = [f"{letter}{number}.example" for letter in "abc" for number in range(DESTINATIONS // 3)]
REPROBE_SECONDS = 17


@pytest.fixture
def watch(store: Store) -> HealthWatch:
    return HealthWatch(store)


@pytest.fixture
def with_canary(make_store: Callable[[Settings], Store], store_settings: Settings) -> HealthWatch:
    given = store_settings.model_dump(include={"data_dir", "database_url", "secret_keys"})
    return HealthWatch(make_store(load_settings(**given, canary_targets="sip:canary.example")))


def enter(watch: HealthWatch, domains: list[str]) -> list[Trunk]:
    trunks = [watch.verified(domain=domain) for domain in domains]
    watch.cycle(alive=True)
    return trunks


def failures(watch: HealthWatch, trunks: list[Trunk]) -> set[int]:
    return {watch.store.trunk(trunk.id).failed_checks for trunk in trunks}


def held(watch: HealthWatch) -> bool:
    return flips_are_held(watch.store.installation)


def release(watch: HealthWatch) -> Release | None:
    fall = latest_fall(watch.store.installation)
    return None if fall is None else fall.release


def again(watch: HealthWatch, *, alive: bool) -> list[CheckClaim]:
    """Let the time to the second probe pass."""
    watch.store.clock.advance(REPROBE_SECONDS)
    claims = watch.claim()
    watch.settle(claims, alive=alive)
    return claims


def test_a_mass_fall_is_held_and_says_so(watch: HealthWatch) -> None:
    trunks = enter(watch, HELD)
    with capture_logs() as logs:
        watch.cycle(alive=False)
    assert failures(watch, trunks) == {0}
    fall = latest_fall(watch.store.installation)
    assert fall is not None
    assert (held(watch), fall.fallen) == (True, DESTINATIONS)
    (told,) = [line for line in logs if line["event"] == "mass-fall-held"]
    assert (told["log_level"], told["destinations"], told["addresses"]) == ("error", DESTINATIONS, 3)


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("reason", [Reason.DNS_NXDOMAIN, Reason.DNS_NO_RECORDS, Reason.ADDRESS_FORBIDDEN])
def test_a_resolver_of_ours_that_says_so_of_everyone_is_held(watch: HealthWatch, reason: Reason) -> None:
    """None of them leads to an address any more: they count at those that they led to before."""
    trunks = enter(watch, HELD)
    flips = watch.count_flips()
    watch.cycle(alive=False, reason=reason, address=None)
    assert (held(watch), failures(watch, trunks)) == (True, {0})
    watch.store.clock.advance(REPROBE_SECONDS)
    watch.settle(watch.claim(), alive=True)
    watch.store.installation.health.breaker.tend()
    assert (failures(watch, trunks), watch.count_flips(), held(watch)) == ({0}, flips, False)


def test_what_answers_the_second_probe_was_never_down(watch: HealthWatch) -> None:
    trunks = enter(watch, HELD)
    flips = watch.count_flips()
    watch.cycle(alive=False)
    assert len(again(watch, alive=True)) == DESTINATIONS
    assert not watch.store.installation.health.breaker.tend()
    assert (failures(watch, trunks), watch.count_flips()) == ({0}, flips)
    assert (held(watch), release(watch)) == (False, Release.PROBED_AGAIN)


def test_without_a_canary_the_second_failure_lets_go(watch: HealthWatch) -> None:
    trunks = enter(watch, HELD)
    watch.cycle(alive=False)
    again(watch, alive=False)
    assert failures(watch, trunks) == {2}  # the held one counts as well
    watch.store.installation.health.breaker.tend()
    assert not held(watch)
    watch.cycle(alive=False)
    assert {watch.status(trunk) for trunk in trunks} == {(False, True, HealthStatus.UNHEALTHY)}
    assert not held(watch)


def test_a_single_fall_is_not_held(watch: HealthWatch) -> None:
    trunks = enter(watch, HELD)
    for _ in range(3):
        watch.cycle(alive=lambda claim: claim.domain != HELD[0])
    assert watch.status(trunks[0]) == (False, True, HealthStatus.UNHEALTHY)
    assert not held(watch)


@pytest.mark.parametrize(
    ("domains", "dead"),
    [
        (HELD[:9], "abc"),  # nine destinations
        ([f"a{number}.example" for number in range(12)], "a"),  # one address
        (HELD + [f"x{number}.example" for number in range(13)], "abc"),  # less than half of those due
    ],
)
def test_what_is_no_mass_fall_is_not_held(watch: HealthWatch, domains: list[str], dead: str) -> None:
    trunks = enter(watch, domains)
    watch.cycle(alive=lambda claim: claim.domain[0] not in dead)
    fallen = [trunk for trunk in trunks if trunk.gateways[0].host[0] in dead]
    assert failures(watch, fallen) == {1}
    assert not held(watch)


def test_destinations_that_were_dead_before_do_not_make_a_mass_fall(watch: HealthWatch) -> None:
    trunks = enter(watch, HELD)
    breaker = watch.store.installation.health.breaker
    watch.cycle(alive=False)
    again(watch, alive=False)
    breaker.tend()
    for _ in range(4):
        watch.cycle(alive=False)
        assert not held(watch)
    assert {watch.store.trunk(trunk.id).health_down for trunk in trunks} == {True}


def test_a_dead_canary_holds_for_ten_minutes_and_is_asked_every_ten_seconds(with_canary: HealthWatch) -> None:
    watch, breaker = with_canary, with_canary.store.installation.health.breaker
    trunks = enter(watch, HELD)
    watch.cycle(alive=False)
    assert breaker.tend()
    assert not breaker.tend()  # another worker has the question
    with capture_logs() as logs:
        breaker.canary_answered(alive=False)
    assert [line["log_level"] for line in logs if line["event"] == "canary-dead"] == ["error"]
    for _ in range(32):
        assert again(watch, alive=False)
        assert breaker.tend()
        breaker.canary_answered(alive=False)
        assert failures(watch, trunks) == {0}
    watch.store.clock.advance(60)
    assert not breaker.tend()
    assert release(watch) is Release.HELD_LONG_ENOUGH
    watch.settle(watch.claim(), alive=False)
    assert {watch.status(trunk) for trunk in trunks} == {(False, True, HealthStatus.UNHEALTHY)}


def test_a_living_canary_lets_go(with_canary: HealthWatch) -> None:
    watch, breaker = with_canary, with_canary.store.installation.health.breaker
    trunks = enter(watch, HELD)
    watch.cycle(alive=False)
    assert breaker.tend()
    breaker.canary_answered(alive=True)
    assert not breaker.tend()
    assert release(watch) is Release.CANARY_ALIVE
    again(watch, alive=False)
    assert failures(watch, trunks) == {2}


def test_nothing_is_tended_while_nothing_is_held(watch: HealthWatch) -> None:
    assert not watch.store.installation.health.breaker.tend()
    assert latest_fall(watch.store.installation) is None
