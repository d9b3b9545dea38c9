"""The destinations that a tenant's trunks lead to."""

from collections.abc import Sequence
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

    def trunks_at(self, environment_id: UUID, destination_id: UUID, *, most: int) -> int:
        """Count a tenant's trunks there, as far as `most`."""
        found = (
            select(Trunk.id)
            .join(Gateway, Gateway.trunk_id == Trunk.id)
            .where(
                Gateway.destination_id == destination_id,
                Trunk.environment_id == environment_id,
                Trunk.is_draft.is_(False),
            )
            .limit(most)
            .subquery()
        )
        return self._session.scalar(select(func.count()).select_from(found)) or 0
