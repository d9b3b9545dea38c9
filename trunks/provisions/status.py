"""Provisioning for those who asked for it: waited for, looked up, counted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trunks.models.provision import Provision, ProvisionOccasion, ProvisionState
from trunks.repositories.provisions import Infrastructures, Provisions
from trunks.store.database import Database
from trunks.voice.provisioner import ProvisionerName

_PACED = [each for each in ProvisionOccasion if each is not ProvisionOccasion.ASKED]


@dataclass(frozen=True, slots=True)
class ProvisionStatistics:
    """Trunks by what exists for them, what waits for its turn, and what all reconciliations found, by kind."""

    states: dict[ProvisionState, int]
    waiting: dict[ProvisionOccasion, int]
    findings: dict[str, int]
    reconciled_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProvisionOverview:
    """It is waited for by the trunk's id: done_among() says when it has ended, view() what came of it."""

    database: Database
    provisioner: ProvisionerName

    @property
    def off(self) -> bool:
        """Whether this installation provisions nothing anywhere."""
        return self.provisioner is ProvisionerName.NONE

    def view(self, trunk_id: UUID) -> Provision | None:
        """Look up what exists for a trunk; None when nothing was ever asked for, or all is gone with the trunk."""
        with self.database.read() as session:
            return Provisions(session).of(trunk_id)

    def known_sides(self, side_ids: Collection[str]) -> set[str]:
        """Which of these inbound sides are those of trunks here."""
        with self.database.read() as session:
            return Provisions(session).inbound_among(side_ids)

    def statistics(self) -> ProvisionStatistics:
        """Count what an operator watches; the same in every process."""
        with self.database.read() as session:
            infrastructure = Infrastructures(session).find(self.provisioner)
            states = Provisions(session).count_by_state()
            waiting = dict.fromkeys(_PACED, 0) | Provisions(session).count_paced()
            if infrastructure is None:
                return ProvisionStatistics(states, waiting, {}, None)
            return ProvisionStatistics(
                states, waiting, dict(infrastructure.findings), infrastructure.reconciled_at
            )

    def done_among(self, trunk_ids: Collection[UUID]) -> set[UUID]:
        """Those of these trunks for which nothing is queued or runs any more; one whose provision is gone is done."""
        with self.database.read() as session:
            return set(trunk_ids) - Provisions(session).open_among(trunk_ids)
