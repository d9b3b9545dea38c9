"""Some environments at one carrier whose ban filter counts us; the time is passed in."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sipcheck.report.model import Report
from sipcheck.target import TransportName
from tests.peers.guarded_carrier import GuardedCarrier
from tests.peers.udp_peer import UdpPeer
from tests.trunks.forms import Store
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification, VerificationStatus
from trunks.runs.gateway_check import GatewayCheck
from trunks.runs.run_store import RunStore
from trunks.runs.runner import Runner, VerifyGateways
from worker.engine_loop import EngineLoop

HOST = "127.0.0.1"
MOST_HOURS = 30


class Killed(BaseException):
    """The process ends here: no handler sees it."""


class Customers:
    """Some environments at one carrier, and three workers that do what is due at the moments when it is."""

    def __init__(self, store: Store, engine: EngineLoop, carrier: GuardedCarrier, peer: UdpPeer) -> None:
        self.store = store
        self.clock = store.clock
        self.carrier = carrier
        self.engine = engine
        self.port = peer.port
        runs = store.installation.runs
        self._stores = [
            RunStore(runs.claims, runs.recovery, runs.address_limits, runs.open_calls) for _ in range(3)
        ]
        self._count = 0
        self.told: list[UUID] = []

    def others(self, count: int) -> list[Store]:
        """Further environments."""
        return [
            Store(self.store.installation, self.clock, tenant=f"tenant {number}") for number in range(count)
        ]

    def request(self, store: Store, *, username: str | None, password: str | None) -> tuple[Trunk, UUID]:
        self._count += 1
        trunk = store.make_trunk(
            name=f"trunk {self._count}",
            domain=HOST,
            port=self.port,
            transport=TransportName.UDP,
            username=username,
            password=password,
        )
        return trunk, store.installation.runs.requests.request(store.caller, trunk.id)

    def work(self, verify: VerifyGateways | None = None) -> None:
        """Do what is due, all at once, each worker its part."""
        claims = self.store.installation.runs.claims.claim(limit=100).runs
        runners = [self._runner(each, verify or self.engine.verify) for each in self._stores]

        async def run(_: object) -> None:
            done = await asyncio.gather(
                *(runners[number % 3].run(claim) for number, claim in enumerate(claims)),
                return_exceptions=True,
            )
            broken = [each for each in done if isinstance(each, Exception)]
            assert not broken, broken

        self.engine.begin(run).result()

    def work_until_done(self) -> None:
        """Go from due moment to due moment until no run is queued."""
        end = self.clock.now + timedelta(hours=MOST_HOURS)
        while self.clock.now < end:
            self.work()
            due_at = self._next_due()
            if due_at is None:
                return
            self.clock.now = max(self.clock.now + timedelta(milliseconds=100), due_at)
        raise AssertionError("some run never came to its end")

    def _next_due(self) -> Any:
        with self.store.installation.database.read() as session:
            rows = session.query(Verification.due_at).filter(Verification.status == VerificationStatus.QUEUED)
            return min((due_at for (due_at,) in rows), default=None)

    def _runner(self, run_store: RunStore, verify: VerifyGateways) -> Runner:
        installation = self.store.installation
        return Runner(
            run_store,
            installation.secrets,
            installation.tenancy.keys.credential_hash(),
            verify,
            installation.settings.verify_timeout_seconds,
            self.told.append,
            self.clock,
        )

    async def vanish(self, jobs: Sequence[GatewayCheck]) -> Report:
        """Verify as a worker that is killed before it records what came of it."""
        await self.engine.verify(jobs)
        raise Killed

    def outcome(self, store: Store, asked: tuple[Trunk, UUID]) -> Verification:
        trunk, run = asked
        return store.run(trunk.id, run)

    def assert_nobody_banned(self) -> None:
        assert self.carrier.banned_at is None
        for jail in self.carrier.jails:
            assert self.carrier.most_within(jail.within) < jail.matches
