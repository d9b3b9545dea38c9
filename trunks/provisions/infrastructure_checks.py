"""The infrastructure is measured by one at a time, once a day; what was found is kept."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from trunks.clock import Clock
from trunks.ids import new_id
from trunks.repositories.infrastructure_checks import InfrastructureChecks
from trunks.repositories.way_findings import WayFindings
from trunks.rules.infrastructure_facts import InfrastructureFacts, Measurement, renewed
from trunks.store.database import Database
from trunks.voice.provisioner import ProvisionerName

# Longer than a check takes.
_LEASE = timedelta(minutes=2)
_RENEWED_AFTER = timedelta(days=1)
_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CheckTurns:
    """Each is a transaction of its own. Raises StoreUnavailable."""

    database: Database
    provisioner: ProvisionerName
    clock: Clock

    def facts(self) -> InfrastructureFacts:
        """Give what is known by now."""
        with self.database.read() as session:
            return InfrastructureChecks(session).facts(self.provisioner)

    def is_due(self) -> bool:
        with self.database.read() as session:
            return InfrastructureChecks(session).is_due(self.provisioner, self.clock())

    def claim(self) -> UUID | None:
        """Take the turn, due or not; None while another has it."""
        with self.database.write() as session:
            now, claim_id = self.clock(), new_id()
            taken = InfrastructureChecks(session).claim(self.provisioner, claim_id, now, now + _LEASE)
            return claim_id if taken else None

    def finish(self, claim_id: UUID, found: Measurement, *, accept: bool) -> InfrastructureFacts:
        """Keep what was found, unless the lease was over; give what counts now."""
        with self.database.write() as session:
            checks, now = InfrastructureChecks(session), self.clock()
            before = checks.facts(self.provisioner)
            after = renewed(before, found, now, accept=accept)
            kept = checks.end(claim_id, due_at=now + _RENEWED_AFTER, facts=after)
            if kept and before.ignores_route is not after.ignores_route:
                WayFindings(session).make_all_stale(now)
            return after if kept else before

    def give_back(self, claim_id: UUID, *, failed: bool) -> None:
        """End the turn without a finding; one that failed is due again in an hour."""
        with self.database.write() as session:
            due_at = self.clock() + _AGAIN_AFTER if failed else None
            InfrastructureChecks(session).end(claim_id, due_at=due_at)
