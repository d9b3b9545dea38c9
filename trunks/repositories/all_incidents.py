"""Incidents over all tenants, for the operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from trunks.models.environment import Environment
from trunks.models.incident import Incident, IncidentTrunk
from trunks.repositories.repository import Repository
from trunks.rules.incidents import FEWEST_PROOFS, IncidentKind


@dataclass(frozen=True, slots=True)
class TenantPart:
    """A tenant's trunks in an incident, and those of them that it has not ended for."""

    name: str
    trunks: int
    down: int


class AllIncidents(Repository):
    def newest(self, *, limit: int, only_open: bool) -> Sequence[Incident]:
        query = select(Incident).where(_is_one())
        if only_open:
            query = query.where(Incident.closed_at.is_(None))
        return self._session.scalars(query.order_by(Incident.id.desc()).limit(limit)).all()

    def get(self, incident_id: UUID) -> Incident | None:
        return self._session.scalar(select(Incident).where(Incident.id == incident_id, _is_one()))

    def tenants(self, incident_id: UUID) -> Sequence[TenantPart]:
        """Count its trunks by tenant, the one with the most first."""
        counted = func.count()
        rows = self._session.execute(
            select(Environment.name, counted, counted - func.count(IncidentTrunk.ended_at))
            .join(Environment, Environment.id == IncidentTrunk.environment_id)
            .where(IncidentTrunk.incident_id == incident_id)
            .group_by(Environment.id, Environment.name)
            .order_by(counted.desc(), Environment.name)
        )
        return [TenantPart(*row) for row in rows]


def _is_one() -> ColumnElement[bool]:
    """Other realms are an incident where several proofs found them."""
    trunks = select(func.count()).where(IncidentTrunk.incident_id == Incident.id).scalar_subquery()
    return or_(Incident.kind != IncidentKind.REALM, trunks >= FEWEST_PROOFS)
