"""Tombstones of sides, by the infrastructure's ids and by trunk."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from trunks.models.given_up_side import GivenUpSide
from trunks.models.provision import Provision
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository, in_parts
from trunks.voice.provisioner import ProvisionerName


class GivenUpSides(Repository):
    def add(
        self, provisioner: ProvisionerName, side_id: str, trunk_id: UUID, now: datetime, *, due_at: datetime
    ) -> None:
        """Enter one; one that is there stays as it is."""
        values = {
            "provisioner": provisioner,
            "side_id": side_id,
            "trunk_id": trunk_id,
            "given_up_at": now,
            "due_at": due_at,
        }
        insert_or_ignore(self._session, GivenUpSide, values, unique=["side_id", "provisioner"])

    def gone(self, provisioner: ProvisionerName, side_id: str, now: datetime) -> None:
        self._session.execute(
            update(GivenUpSide)
            .where(GivenUpSide.side_id == side_id, GivenUpSide.provisioner == provisioner)
            .values(gone_at=now)
        )

    def hasten(self, provisioner: ProvisionerName, side_id: str, now: datetime) -> None:
        """Have one that may stand still be due now."""
        self._session.execute(
            update(GivenUpSide)
            .where(
                GivenUpSide.side_id == side_id,
                GivenUpSide.provisioner == provisioner,
                GivenUpSide.gone_at.is_(None),
            )
            .values(due_at=now)
        )

    def stand_again(self, provisioner: ProvisionerName, side_ids: Collection[str], now: datetime) -> None:
        """Have these be due now, be they told as gone."""
        for part in in_parts(side_ids):
            self._session.execute(
                update(GivenUpSide)
                .where(GivenUpSide.provisioner == provisioner, GivenUpSide.side_id.in_(part))
                .values(gone_at=None, due_at=now)
            )

    def forget(self, provisioner: ProvisionerName, side_ids: Collection[str]) -> None:
        """Take back what was said of sides that a trunk has after all."""
        self._session.execute(
            delete(GivenUpSide).where(
                GivenUpSide.provisioner == provisioner, GivenUpSide.side_id.in_(side_ids)
            )
        )

    def among(self, provisioner: ProvisionerName, side_ids: Collection[str]) -> set[str]:
        """Which of these sides were given up."""
        found: set[str] = set()
        for part in in_parts(side_ids):
            found.update(
                self._session.scalars(
                    select(GivenUpSide.side_id).where(
                        GivenUpSide.provisioner == provisioner, GivenUpSide.side_id.in_(part)
                    )
                )
            )
        return found

    def of_trunk(self, provisioner: ProvisionerName, trunk_id: UUID) -> frozenset[str]:
        return self.of_trunks(provisioner, [trunk_id]).get(trunk_id, frozenset())

    def of_trunks(
        self, provisioner: ProvisionerName, trunk_ids: Collection[UUID]
    ) -> Mapping[UUID, frozenset[str]]:
        """The same of many; those without any are left out."""
        found: dict[UUID, frozenset[str]] = {}
        for part in in_parts(trunk_ids):
            rows = self._session.execute(
                select(GivenUpSide.trunk_id, GivenUpSide.side_id).where(
                    GivenUpSide.provisioner == provisioner, GivenUpSide.trunk_id.in_(part)
                )
            )
            for trunk_id, side_id in rows:
                found[trunk_id] = found.get(trunk_id, frozenset()) | {side_id}
        return found

    def due(self, provisioner: ProvisionerName, now: datetime, *, limit: int) -> Sequence[GivenUpSide]:
        """List those that may stand still, locked, the longest first; none that a trunk is known to have."""
        named = select(Provision.id).where(
            Provision.provisioner == provisioner,
            or_(
                Provision.inbound_id == GivenUpSide.side_id,
                Provision.outbound_id == GivenUpSide.side_id,
            ),
            Provision.trunk_id == GivenUpSide.trunk_id,
        )
        return self._session.scalars(
            select(GivenUpSide)
            .where(
                GivenUpSide.gone_at.is_(None),
                GivenUpSide.due_at <= now,
                GivenUpSide.provisioner == provisioner,
                ~named.exists(),
            )
            .order_by(GivenUpSide.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
