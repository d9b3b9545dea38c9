"""Incidents: the open ones of a destination, a tenant's, and the places that fell in them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_, select, text

from trunks.models.destination import Destination
from trunks.models.incident import Incident, IncidentAddress, IncidentPlace, IncidentTenant, IncidentTrunk
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.rules.incidents import IncidentKind

_OPENING_LOCK = 7_204_118_225  # any number of ours, for PostgreSQL's advisory locks

_CONCERNED = exists().where(IncidentTrunk.incident_id == Incident.id, IncidentTrunk.ended_at.is_(None))
_LEFT = Incident.closed_at.is_(None), ~_CONCERNED
_ANY_LEFT = select(exists().where(*_LEFT))

TenantIncident = tuple[Incident, IncidentTenant]


class Incidents(Repository):
    def alone(self) -> None:
        """Let no other transaction open incidents until this one ends: destinations that share an edge could else
        have one each.
        """
        if self._is_postgresql:
            self._session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _OPENING_LOCK})

    def keep_alone(self, destination_ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Let no other transaction open incidents at these destinations; give their domains."""
        rows = self._session.execute(
            select(Destination.id, Destination.domain)
            .where(among(self._session, Destination.id, destination_ids))
            .order_by(Destination.id)
            .with_for_update(key_share=True)
        )
        return {of: domain for of, domain in rows}  # noqa: C416 - rows are no pairs to mypy

    def add(self, opened: Incident | IncidentPlace) -> None:
        self._session.add(opened)
        self._session.flush()

    def at(
        self,
        destination_id: UUID,
        kind: IncidentKind,
        *,
        closed_after: datetime,
        verdict: tuple[str | None, datetime] | None,
    ) -> Incident | None:
        """Find the incident of a destination that a fall belongs to: open, or closed a moment ago.

        A `verdict` belongs to those of its reason alone that were opened after a moment.
        """
        query = (
            select(Incident)
            .join(IncidentPlace, IncidentPlace.incident_id == Incident.id)
            .where(
                IncidentPlace.destination_id == destination_id,
                Incident.kind == kind,
                or_(Incident.closed_at.is_(None), Incident.closed_at > closed_after),
            )
        )
        if verdict is not None:
            reason, opened_after = verdict
            query = query.where(
                Incident.reason.is_not_distinct_from(reason), Incident.opened_at > opened_after
            )
        return self._session.scalars(query.order_by(Incident.id.desc()).limit(1)).first()

    def at_addresses(self, addresses: Collection[str], *, opened_after: datetime) -> Incident | None:
        """Find an open incident of health whose edges share an address, opened after a moment."""
        if not addresses:
            return None
        return self._session.scalars(
            select(Incident)
            .join(IncidentAddress, IncidentAddress.incident_id == Incident.id)
            .where(
                among(self._session, IncidentAddress.address, addresses),
                Incident.kind == IncidentKind.HEALTH,
                Incident.closed_at.is_(None),
                Incident.opened_at > opened_after,
            )
            .order_by(Incident.id)
            .limit(1)
        ).first()

    def fell_at(self, incident_id: UUID, addresses: Collection[str]) -> None:
        """Note the addresses of what fell."""
        rows = [{"incident_id": incident_id, "address": each} for each in sorted(addresses)]
        if rows:
            insert_or_ignore(self._session, IncidentAddress, *rows, unique=["incident_id", "address"])

    def place(self, incident_id: UUID, destination_id: UUID) -> IncidentPlace | None:
        return self._session.scalar(
            select(IncidentPlace).where(
                IncidentPlace.incident_id == incident_id, IncidentPlace.destination_id == destination_id
            )
        )

    def places(self, incident_id: UUID, environment_id: UUID | None = None) -> Sequence[IncidentPlace]:
        """List the destinations that fell in it, the first one first; of a tenant those that his trunks are at."""
        query = select(IncidentPlace).where(IncidentPlace.incident_id == incident_id)
        if environment_id is not None:
            query = query.where(
                exists().where(
                    IncidentTrunk.place_id == IncidentPlace.id,
                    IncidentTrunk.environment_id == environment_id,
                )
            )
        return self._session.scalars(query.order_by(IncidentPlace.began_at, IncidentPlace.id)).all()

    def any_left(self) -> bool:
        return self._is_so(_ANY_LEFT)

    def left(self, *, limit: int) -> Sequence[Incident]:
        """List open incidents that concern no trunk any more, locked."""
        return self._session.scalars(
            select(Incident)
            .where(*_LEFT)
            .order_by(Incident.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def page(
        self,
        environment_id: UUID,
        *,
        is_open: bool | None,
        trunk_id: UUID | None,
        limit: int,
        before: UUID | None,
    ) -> Sequence[TenantIncident]:
        """List the incidents that concern a tenant's trunks, newest first."""
        query = _of(environment_id, *(() if trunk_id is None else (IncidentTrunk.trunk_id == trunk_id,)))
        if is_open is not None:
            query = query.where(IncidentTenant.closed_at.is_(None) == is_open)
        if before is not None:
            query = query.where(Incident.id < before)
        rows = self._session.execute(query.order_by(Incident.id.desc()).limit(limit))
        return [(incident, part) for incident, part in rows]

    def of(self, environment_id: UUID, incident_id: UUID) -> TenantIncident | None:
        found = self._session.execute(_of(environment_id).where(Incident.id == incident_id)).first()
        return None if found is None else (found[0], found[1])


def _of(environment_id: UUID, *trunks: ColumnElement[bool]) -> Select[Incident, IncidentTenant]:
    """What a tenant was told of, as long as a trunk of his that was in it is there."""
    ours = (
        IncidentTrunk.incident_id == Incident.id,
        IncidentTrunk.environment_id == environment_id,
        *trunks,
    )
    return (
        select(Incident, IncidentTenant)
        .join(IncidentTenant, IncidentTenant.incident_id == Incident.id)
        .where(IncidentTenant.environment_id == environment_id, exists().where(*ours))
    )
