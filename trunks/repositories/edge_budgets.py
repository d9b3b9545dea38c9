"""Token buckets and slots by address; addresses are locked in their order, so that no two writers block each other."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select

from trunks.models.edge_budget import EdgeBudget, EdgeSlot
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository


class EdgeBudgets(Repository):
    def locked(self, addresses: Collection[str], *, burst: float, now: datetime) -> Sequence[EdgeBudget]:
        """Find or make the buckets, new ones full, locked."""
        ordered = sorted(addresses)
        full = [{"address": address, "tokens": burst, "refilled_at": now} for address in ordered]
        while True:
            insert_or_ignore(self._session, EdgeBudget, *full, unique=["address"])
            found = self._session.scalars(
                select(EdgeBudget)
                .where(EdgeBudget.address.in_(ordered))
                .order_by(EdgeBudget.address)
                .with_for_update()
            ).all()
            # One that was idle for long may be removed between the two.
            if len(found) == len(full):
                return found

    def most_in_flight(self, addresses: Collection[str], now: datetime) -> int:
        """Count the verifications at the busiest of these addresses, forgetting those whose worker is gone."""
        self._session.execute(
            delete(EdgeSlot).where(EdgeSlot.address.in_(addresses), EdgeSlot.lease_until <= now)
        )
        counts = self._session.scalars(
            select(func.count()).where(EdgeSlot.address.in_(addresses)).group_by(EdgeSlot.address)
        ).all()
        return max(counts, default=0)

    def take_slots(self, addresses: Collection[str], claim_id: UUID, lease_until: datetime) -> None:
        """Take a slot at each; a run with two gateways at one address has one there."""
        slots = (
            {"address": address, "claim_id": claim_id, "lease_until": lease_until}
            for address in sorted(addresses)
        )
        insert_or_ignore(self._session, EdgeSlot, *slots, unique=["address", "claim_id"])

    def free_slots(self, claim_id: UUID) -> None:
        self._session.execute(delete(EdgeSlot).where(EdgeSlot.claim_id == claim_id))
