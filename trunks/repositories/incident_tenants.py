"""Which tenants were told of an incident, from when on, and until when it concerned them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select

from trunks.ids import new_id
from trunks.models.incident import Incident, IncidentTenant, IncidentTrunk
from trunks.repositories.repository import Repository
from trunks.rules.incidents import REOPENS_WITHIN

_CONCERNED = exists().where(
    IncidentTrunk.incident_id == IncidentTenant.incident_id,
    IncidentTrunk.environment_id == IncidentTenant.environment_id,
    IncidentTrunk.ended_at.is_(None),
)
_LEFT = IncidentTenant.closed_at.is_(None), ~_CONCERNED
_ANY_LEFT = select(exists().where(*_LEFT))


class IncidentTenants(Repository):
    def hears(self, incident_id: UUID, environment_id: UUID, at: datetime) -> bool:
        """Note that it concerns a tenant, who is told of it; false where it does already."""
        found = self._session.scalar(
            select(IncidentTenant).where(
                IncidentTenant.incident_id == incident_id, IncidentTenant.environment_id == environment_id
            )
        )
        if found is None:
            self._session.add(
                IncidentTenant(
                    id=new_id(), incident_id=incident_id, environment_id=environment_id, opened_at=at
                )
            )
            self._session.flush()
            return True
        if found.closed_at is None:
            return False
        if found.closed_at <= at - REOPENS_WITHIN:
            # It went on for others meanwhile; for him this is another fall.
            found.opened_at = at
        found.closed_at = None
        return True

    def any_left(self) -> bool:
        return self._is_so(_ANY_LEFT)

    def left(self, *, limit: int) -> Sequence[tuple[IncidentTenant, Incident]]:
        """List those whom an open incident concerns by no trunk any more, locked."""
        rows = self._session.execute(
            select(IncidentTenant, Incident)
            .join(Incident, Incident.id == IncidentTenant.incident_id)
            .where(*_LEFT)
            .order_by(IncidentTenant.id)
            .limit(limit)
            .with_for_update(of=IncidentTenant, skip_locked=True)
        )
        return [(part, incident) for part, incident in rows]
