"""Token buckets and slots by address; addresses are locked in their order, so that no two writers block each other."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from trunks.models.edge_budget import EdgeBudget, EdgeSlot
from trunks.repositories.among import among
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

    def in_flight(self, addresses: Collection[str], now: datetime) -> dict[str, set[UUID]]:
        """The claims of the verifications at each address, forgetting those whose worker is gone."""
        self._session.execute(
            delete(EdgeSlot).where(EdgeSlot.address.in_(addresses), EdgeSlot.lease_until <= now)
        )
        found: dict[str, set[UUID]] = {address: set() for address in addresses}
        rows = self._session.execute(
            select(EdgeSlot.address, EdgeSlot.claim_id).where(EdgeSlot.address.in_(addresses))
        )
        for address, claim_id in rows:
            found[address].add(claim_id)
        return found

    def take_slots(self, slots: Collection[tuple[str, UUID, datetime]]) -> None:
        """Take slots, given by address, claim and end; a run with two gateways at one address has one there."""
        if slots:
            rows = (
                {"address": address, "claim_id": claim_id, "lease_until": lease_until}
                for address, claim_id, lease_until in sorted(slots)
            )
            insert_or_ignore(self._session, EdgeSlot, *rows, unique=["address", "claim_id"])

    def free_slots(self, claim_ids: Collection[UUID]) -> None:
        self._session.execute(delete(EdgeSlot).where(among(self._session, EdgeSlot.claim_id, claim_ids)))
