"""The destinations that a tenant's trunks lead to."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import exists, func, select, tuple_

from trunks.models.destination import Destination
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.repository import Repository


class Carriers(Repository):
    def page(
        self, environment_id: UUID, *, limit: int, after: tuple[str, UUID] | None
    ) -> Sequence[Destination]:
        """List them by their domains, from the one behind `after` on."""
        own = (
            exists()
            .where(Gateway.destination_id == Destination.id)
            .where(Trunk.id == Gateway.trunk_id, Trunk.environment_id == environment_id)
            .where(Trunk.is_draft.is_(False))
        )
        query = select(Destination).where(own).order_by(Destination.domain, Destination.id).limit(limit)
        if after is not None:
            query = query.where(tuple_(Destination.domain, Destination.id) > after)
        return self._session.scalars(query).all()

    def trunks_at(
        self, environment_id: UUID, destination_ids: Collection[UUID], *, most: int
    ) -> Mapping[UUID, int]:
        """Count a tenant's trunks at each of these, as far as `most`, by one question."""
        own = (
            select(Trunk.id)
            .join(Gateway, Gateway.trunk_id == Trunk.id)
            .where(
                Gateway.destination_id == Destination.id,
                Trunk.environment_id == environment_id,
                Trunk.is_draft.is_(False),
            )
            .limit(most)
            .correlate(Destination)
            .subquery()
        )
        counted = select(func.count()).select_from(own).scalar_subquery()
        rows = self._session.execute(
            select(Destination.id, counted.label("trunks")).where(Destination.id.in_(destination_ids))
        )
        return {row.id: row.trunks for row in rows}
