"""A day's schedule at a carrier behind a guard that counts strangers: by the real engine, over the real store, in a
clock's time (docs/design/sip.md, "Who speaks, and to whom").
"""

from collections.abc import Callable, Iterator, Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest

from sipcheck.engine import Engine
from sipcheck.guard import Guard
from sipcheck.report.model import Report
from sipcheck.settings import EngineSettings
from sipcheck.target import TransportName
from tests.peers.guarded_carrier import FAIL2BAN, FREEPBX, GuardedCarrier
from tests.peers.udp_peer import UdpPeer
from tests.trunks.forms import Store
from tests.trunks.health.test_check_askers import another_environment
from tests.trunks.health_watch import HealthWatch
from trunks.health.check import CheckClaim, CheckResult
from trunks.installation.settings import Settings, load_settings
from trunks.models.trunk import Trunk
from trunks.runs.claimed_run import ClaimedRun
from worker.checks.check_knocks import CheckKnocks
from worker.checks.destination_check import DestinationCheck

HOST = "127.0.0.1"
LOOPBACK = EngineSettings(guard=Guard(allow_networks=(ip_network("127.0.0.0/8"),)))
DAY_SECONDS = 86_400
# Each check a minute after the one before; more seldom here, so that a day has a tenth of them.
INTERVAL_SECONDS = 600.0


class Day:
    """Lives through a time: each step what is due is checked and proven, as a worker does it."""

    def __init__(self, store: Store, peer: UdpPeer, engine: Engine) -> None:
        self.store = store
        self.peer = peer
        self.checks = 0
        self.proofs = 0
        self._engine = engine

    def watch(self, name: str) -> HealthWatch:
        return another_environment(HealthWatch(self.store), name)

    async def enter(self, watch: HealthWatch, **given: object) -> Trunk:
        """Enter a trunk at the peer, and verify it."""
        trunk = watch.store.make_trunk(
            domain=HOST,
            port=self.peer.port,
            transport=TransportName.UDP,
            wanted=True,
            health_interval_seconds=INTERVAL_SECONDS,
            **given,
        )
        verification_id = self.store.installation.runs.requests.request(watch.store.caller, trunk.id)
        claim = self.store.claim(verification_id)
        assert claim is not None
        await self._run(claim)
        return trunk

    async def pass_seconds(self, seconds: float, *, step_seconds: float = 180.0) -> None:
        for _ in range(int(seconds / step_seconds)):
            self.store.clock.advance(step_seconds)
            await self._check()
            for verification_id in self.store.installation.runs.proofs.tend():
                claim = self.store.claim(verification_id)
                assert claim is not None
                self.proofs += 1
                await self._run(claim)

    async def _run(self, claim: ClaimedRun) -> Report:
        first = claim.first
        report = await self._engine.verify(
            first.target(),
            credentials=first.credentials(self.store.installation.secrets, claim.learned_realms),
            username=first.username,
        )
        assert self.store.finish(claim, report, realms=("pbx.example",))
        return report

    async def _check(self) -> None:
        claims = self.store.installation.health.claims.claim(limit=100)
        if not claims:
            return
        results: list[CheckResult] = []
        check = DestinationCheck(
            self._engine,
            self.store.installation.runs.address_limits,
            CheckKnocks(self.store.installation.runs.check_ledger),
            timeout_seconds=0.5,
            on_result=results.append,
            on_refused=lambda claim, seconds: pytest.fail(f"refused for {seconds} s"),
        )
        await check.check(claims)
        self.checks += len(results)
        self.store.installation.health.results.settle(results)


@pytest.fixture
def store(make_store: Callable[[Settings], Store], tmp_path: Path) -> Store:
    return make_store(load_settings(data_dir=tmp_path / "var", address_rate=0.0, address_concurrency=0))


@pytest.fixture
def carrier(store: Store) -> GuardedCarrier:
    return GuardedCarrier(store.clock, {"alice": "secret"}, jails=(*FAIL2BAN, *FREEPBX))


@pytest.mark.parametrize("environments", [pytest.param(1, marks=pytest.mark.long), 5])
async def test_a_day_costs_nothing_where_an_account_is_proven(
    store: Store, carrier: GuardedCarrier, udp_peer_factory: Callable[..., UdpPeer], environments: int
) -> None:
    async with Engine(LOOPBACK) as engine:
        day = Day(store, udp_peer_factory(carrier), engine)
        await day.enter(HealthWatch(store), username="alice", password="secret")
        for number in range(1, environments):
            # Their own user is what the carrier does not know; it has seen them once, in their verification.
            await day.enter(day.watch(f"tenant {number}"), username=None, password=None)
        seen_before = len(carrier.matches)
        assert seen_before == environments - 1
        await day.pass_seconds(DAY_SECONDS)
    assert day.checks > 0.8 * DAY_SECONDS / INTERVAL_SECONDS
    assert 3 <= day.proofs <= 6  # alone, it is proven every six hours
    assert len(carrier.matches) == seen_before
    assert carrier.banned_at is None


async def test_nobodys_checks_are_counted_which_shows_that_this_carrier_counts(
    store: Store, carrier: GuardedCarrier, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    async with Engine(LOOPBACK) as engine:
        day = Day(store, udp_peer_factory(carrier), engine)
        await day.enter(HealthWatch(store), username=None, password=None)
        await day.pass_seconds(3 * INTERVAL_SECONDS)
    assert len(carrier.matches) == 1 + day.checks
    assert day.checks >= 2


def _claims_in_time(store: Store) -> Iterator[Sequence[CheckClaim]]:
    """Look every minute, as an interval is jittered."""
    for _ in range(60):
        store.clock.advance(60)
        yield store.installation.health.claims.claim(limit=10)


async def test_an_account_that_was_deleted_asks_until_its_next_proof_and_no_longer(
    store: Store, carrier: GuardedCarrier, udp_peer_factory: Callable[..., UdpPeer]
) -> None:
    async with Engine(LOOPBACK) as engine:
        day = Day(store, udp_peer_factory(carrier), engine)
        trunk = await day.enter(HealthWatch(store), username="alice", password="secret")
        await day.pass_seconds(3600)
        assert carrier.matches == []
        del carrier.accounts["alice"]
        carrier.jails = ()
        await day.pass_seconds(7 * 3600)
    assert not store.trunk(trunk.id).is_verified
    asked = [each.data for each in day.peer.received if each.data.startswith(b"OPTIONS")]
    # Its checks were counted for six hours at the most, as nobody's are from then on: one or the other of each.
    assert b"sip:alice@" in asked[0]
    assert len(carrier.refused) == 1
    (claim,) = next(filter(None, _claims_in_time(store)))
    assert claim.asker is not None
    assert not claim.asker.proven_here  # its user was known once, and that may count
