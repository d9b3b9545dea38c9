"""Provisioning for those who asked for it: waited for, looked up, counted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trunks.models.provision import ProvisionState, ProvisionStatus
from trunks.repositories.provisions import Infrastructures, Provisions
from trunks.store.database import Database
from trunks.voice.provisioner import FailureCause, ProvisionerName


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionView:
    """What exists for a trunk; while `settled` is false, a worker has something to do for it."""

    settled: bool
    state: ProvisionState
    inbound_id: str | None
    outbound_id: str | None
    cause: FailureCause | None = None
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.settled and self.state is not ProvisionState.FAILED


@dataclass(frozen=True, slots=True)
class ProvisionStatistics:
    """Trunks by what exists for them, and what all reconciliations found, by kind."""

    states: dict[ProvisionState, int]
    findings: dict[str, int]
    reconciled_at: datetime | None


class ProvisionOverview:
    """It is waited for by the trunk's id: done_among() says when it has ended, view() what came of it."""

    def __init__(self, database: Database, *, provisioner: ProvisionerName) -> None:
        self._database = database
        self._provisioner = provisioner

    @property
    def off(self) -> bool:
        """Whether this installation provisions nothing anywhere."""
        return self._provisioner is ProvisionerName.NONE

    def view(self, trunk_id: UUID) -> ProvisionView | None:
        """Look up what exists for a trunk; None when nothing was ever asked for, or all is gone with the trunk."""
        with self._database.read() as session:
            found = Provisions(session).of(trunk_id)
            if found is None:
                return None
            return ProvisionView(
                settled=found.status is ProvisionStatus.DONE,
                state=found.state,
                inbound_id=found.inbound_id,
                outbound_id=found.outbound_id,
                cause=found.cause,
                error=found.error,
            )

    def statistics(self) -> ProvisionStatistics:
        """Count what an operator watches; the same in every process."""
        with self._database.read() as session:
            infrastructure = Infrastructures(session).find(self._provisioner)
            states = Provisions(session).count_by_state()
            if infrastructure is None:
                return ProvisionStatistics(states, {}, None)
            return ProvisionStatistics(states, dict(infrastructure.findings), infrastructure.reconciled_at)

    def done_among(self, trunk_ids: Collection[UUID]) -> set[UUID]:
        """Those of these trunks for which nothing is queued or runs any more; one whose provision is gone is done."""
        with self._database.read() as session:
            return set(trunk_ids) - Provisions(session).open_among(trunk_ids)
