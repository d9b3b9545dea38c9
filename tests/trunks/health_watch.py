"""Drives health checks over a store whose clock is in the test's hand: claims, and results as a worker has them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.model import Report
from tests.trunks.forms import Store, make_report
from trunks.health.check import CheckClaim, CheckResult
from trunks.installation.installation import Installation
from trunks.models.destination_health import DestinationHealth
from trunks.models.flip import Flip
from trunks.models.mass_fall import MassFall
from trunks.models.trunk import Trunk
from trunks.models.verification import VerificationStatus
from trunks.rules.trunk_state import HealthStatus

# More than an interval of a minute with its jitter, less than an outage.
LONG_ENOUGH_SECONDS = 67

ALIVE = make_report(Outcome.VERIFIED, Reason.ALIVE, credentials=CredentialState.NOT_TESTED)
SILENT = make_report(Outcome.FAILED, Reason.NO_RESPONSE, credentials=CredentialState.NOT_TESTED)

Living = Callable[[CheckClaim], bool]


@dataclass
class HealthWatch:
    store: Store

    def verified(self, report: Report = ALIVE, **given: Any) -> Trunk:
        """Make a trunk and let a verification of it come to this."""
        trunk = self.store.make_trunk(**({"wanted": True} | given))
        self.verify(trunk, report)
        return trunk

    def verify(self, trunk: Trunk, report: Report) -> None:
        installation = self.store.installation
        verification_id = installation.runs.requests.request(self.store.caller, trunk.id)
        # A run whose trunk another writer keeps at this moment is left for later.
        while (claim := self.store.claim(verification_id)) is None:
            assert self.store.run(trunk.id, verification_id).status is VerificationStatus.QUEUED
        assert self.store.finish(claim, report)

    def claim(self, *, limit: int = 100) -> list[CheckClaim]:
        return self.store.installation.health.claims.claim(limit=limit)

    def settle(self, claims: Collection[CheckClaim], *, alive: bool | Living, **told: Any) -> int:
        """Settle claims; `alive` may ask for each."""
        results = []
        for claim in claims:
            lives = alive(claim) if callable(alive) else alive
            reason = Reason.ALIVE if lives else Reason.NO_RESPONSE
            values = {"reason": reason, "latency_ms": 12.5 if lives else None, "address": address_of(claim)}
            results.append(CheckResult(claim=claim, alive=lives, **(values | told)))
        return self.store.installation.health.results.settle(results)

    def cycle(self, *, alive: bool | Living, **told: Any) -> list[CheckClaim]:
        """Let an interval pass, and every due destination answer or not."""
        self.store.clock.advance(LONG_ENOUGH_SECONDS)
        claims = self.claim()
        self.settle(claims, alive=alive, **told)
        return claims

    def health(self, destination_id: UUID) -> DestinationHealth:
        with self.store.installation.database.read() as session:
            return session.scalars(
                select(DestinationHealth).where(DestinationHealth.destination_id == destination_id)
            ).one()

    def destination_of(self, trunk: Trunk) -> UUID:
        return trunk.gateways[0].destination_id

    def status(self, trunk: Trunk) -> tuple[bool, bool, HealthStatus]:
        """Whether it is active, whether health took it down, and what is shown."""
        found = self.store.trunk(trunk.id)
        return found.is_active, found.health_down, found.health_status

    def count_flips(self) -> int:
        with self.store.installation.database.read() as session:
            return session.scalar(select(func.count()).select_from(Flip)) or 0


def latest_fall(installation: Installation) -> MassFall | None:
    with installation.database.read() as session:
        return session.scalar(select(MassFall).order_by(MassFall.began_at.desc()).limit(1))


def flips_are_held(installation: Installation) -> bool:
    """What the metric trunks_flips_held says."""
    return installation.statistics.see(installation.clock()).flips_are_held


def address_of(claim: CheckClaim) -> str:
    """An address for each first letter of a domain, so that tests choose how many there are."""
    return f"192.0.2.{ord(claim.domain[0])}"
