"""Token buckets and slots by address; addresses are locked in their order, so that no two writers block each other."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.edge_budget import EdgeBudget, EdgeShare, EdgeSlot
from trunks.models.verification import Verification
from trunks.repositories.among import among, composed
from trunks.repositories.insert_or import insert_or_ignore, insert_or_update
from trunks.repositories.repository import Repository
from trunks.rules.pace_shares import Share
from trunks.rules.pace_slots import Slot

# As the index spells it, which is used for nothing else.
_QUEUED: ColumnElement[bool] = text("status = 'queued'")  # type: ignore[assignment]
_SHARE_COLUMNS = ("tokens", "wants", "wanted_until", "line_until", "slot_wanted_at", "slot_on_demand")


_SHARES = EdgeShare.__table__
_SLOTS = EdgeSlot.__table__

_LOCKED = composed(
    lambda among: (
        select(EdgeBudget).where(among(EdgeBudget.address)).order_by(EdgeBudget.address).with_for_update()
    )
)
_OF_ADDRESSES = composed(
    lambda among: select(
        _SHARES.c.address, _SHARES.c.wanter_id, *(_SHARES.c[column] for column in _SHARE_COLUMNS)
    ).where(among(_SHARES.c.address))
)
_IN_FLIGHT = composed(
    lambda among: select(
        _SLOTS.c.address, _SLOTS.c.claim_id, _SLOTS.c.lease_until, _SLOTS.c.wanter_id, _SLOTS.c.on_demand
    ).where(among(_SLOTS.c.address))
)
_FREED = composed(lambda among: delete(_SLOTS).where(among(_SLOTS.c.claim_id)))


class EdgeBudgets(Repository):
    def locked(self, addresses: Collection[str], *, burst: float, now: datetime) -> Sequence[EdgeBudget]:
        """Find or make the buckets, new ones full, locked."""
        ordered = sorted(addresses)
        while True:
            found = self._session.scalars(_LOCKED(self._session), {"ids": ordered}).all()
            # One that was idle for long may be removed between the two.
            if len(found) == len(ordered):
                return found
            known = {bucket.address for bucket in found}
            full = [
                {"address": address, "tokens": burst, "refilled_at": now, "checks_next": False}
                for address in ordered
                if address not in known
            ]
            insert_or_ignore(self._session, EdgeBudget, *full, unique=["address"])

    def shares(self, addresses: Collection[str]) -> dict[str, dict[UUID, Share]]:
        """The shares at each of these addresses, by whose they are."""
        found: dict[str, dict[UUID, Share]] = {address: {} for address in addresses}
        for address, wanter, *share in self._connection.execute(
            _OF_ADDRESSES(self._session), {"ids": list(addresses)}
        ):
            found[address][wanter] = Share(**dict(zip(_SHARE_COLUMNS, share, strict=True)))
        return found

    def keep_shares(self, kept: Iterable[tuple[str, UUID, Share]], gone: Iterable[tuple[str, UUID]]) -> None:
        """Write shares to addresses that this transaction has locked."""
        rows = [
            {
                "address": address,
                "wanter_id": wanter,
                **{column: getattr(share, column) for column in _SHARE_COLUMNS},
            }
            for address, wanter, share in kept
        ]
        if rows:
            insert_or_update(
                self._session,
                EdgeShare,
                *rows,
                unique=["address", "wanter_id"],
                changed=_SHARE_COLUMNS,
            )
        for address, wanter in gone:
            self._session.execute(
                delete(EdgeShare)
                .where(EdgeShare.address == address, EdgeShare.wanter_id == wanter)
                .execution_options(synchronize_session=False)
            )

    def in_flight(self, addresses: Collection[str], now: datetime) -> dict[str, dict[UUID, Slot]]:
        """The slots at each address by their claims, forgetting those whose worker is gone."""
        found: dict[str, dict[UUID, Slot]] = {address: {} for address in addresses}
        rows = self._connection.execute(_IN_FLIGHT(self._session), {"ids": list(addresses)}).all()
        for address, claim_id, lease_until, wanter, on_demand in rows:
            if lease_until > now:
                found[address][claim_id] = Slot(wanter or claim_id, on_demand)
        if any(row.lease_until <= now for row in rows):
            self._session.execute(
                delete(EdgeSlot)
                .where(among(self._session, EdgeSlot.address, addresses), EdgeSlot.lease_until <= now)
                .execution_options(synchronize_session=False)
            )
        return found

    def take_slots(self, slots: Iterable[tuple[str, UUID, datetime, Slot]]) -> None:
        """Take slots, given by address, claim, end and taker; a run with two gateways at one address has one there."""
        rows = [
            {
                "address": address,
                "claim_id": claim_id,
                "lease_until": lease_until,
                "wanter_id": slot.wanter,
                "on_demand": slot.on_demand,
            }
            for address, claim_id, lease_until, slot in sorted(slots, key=lambda each: each[:2])
        ]
        if rows:
            insert_or_ignore(self._session, EdgeSlot, *rows, unique=["address", "claim_id"])

    def free_slots(self, claim_ids: Collection[UUID]) -> None:
        self._connection.execute(_FREED(self._session), {"ids": list(claim_ids)})

    def free_slots_at(self, slots: Iterable[tuple[str, UUID]]) -> None:
        """Free single slots, given by address and claim."""
        for address, claim_id in sorted(slots):
            self._session.execute(
                delete(EdgeSlot)
                .where(EdgeSlot.address == address, EdgeSlot.claim_id == claim_id)
                .execution_options(synchronize_session=False)
            )

    def bring_forward(
        self, address: str, environment_id: UUID, due: Sequence[datetime]
    ) -> tuple[int, datetime | None]:
        """Let the first of those who wait at an address come at these moments at the latest.

        Gives how many wait, as far as there are moments, and when the last of these comes.
        """
        waiting = self._session.execute(
            select(Verification.id, Verification.due_at)
            .where(
                _QUEUED,
                Verification.waits_at == address,
                Verification.environment_id == environment_id,
            )
            .order_by(Verification.due_at)
            .limit(len(due))
            .with_for_update(skip_locked=True)
        ).all()
        comes: dict[UUID, datetime] = {
            run.id: min(run.due_at, at) for run, at in zip(waiting, due, strict=False)
        }
        changes: list[Mapping[str, Any]] = [
            {"id": run.id, "due_at": comes[run.id]} for run in waiting if comes[run.id] < run.due_at
        ]
        if changes:
            self._session.execute(update(Verification), changes)
        return len(waiting), max(comes.values(), default=None)
