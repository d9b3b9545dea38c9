"""Incidents: the open ones of a destination, a tenant's, and the places that fell in them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, distinct, exists, func, or_, select, text
from sqlalchemy.orm import aliased

from trunks.models.destination import Destination
from trunks.models.incident import Incident, IncidentAddress, IncidentPlace, IncidentTrunk
from trunks.repositories.among import among, among_texts
from trunks.repositories.incident_trunks import IncidentTrunks
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.rules.incidents import FEWEST_ENVIRONMENTS, FEWEST_PROOFS, IncidentKind

_OPENING_LOCK = 7_204_118_225  # any number of ours, for PostgreSQL's advisory locks


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
                among_texts(self._session, IncidentAddress.address, addresses),
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
        return self._exists(*_left())

    def left(self, *, limit: int) -> Sequence[Incident]:
        """List open incidents that concern no trunk any more, locked."""
        return self._session.scalars(
            select(Incident)
            .where(*_left())
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
    ) -> Sequence[Incident]:
        """List the incidents that concern a tenant's trunks, newest first."""
        ours = [
            IncidentTrunk.incident_id == Incident.id,
            IncidentTrunk.environment_id == environment_id,
            _is_told(environment_id),
        ]
        if trunk_id is not None:
            ours.append(IncidentTrunk.trunk_id == trunk_id)
        query = select(Incident).where(exists().where(*ours))
        if is_open is not None:
            query = query.where(Incident.closed_at.is_(None) == is_open)
        return self._newest(query, Incident, limit=limit, before=before)

    def of(self, environment_id: UUID, incident_id: UUID) -> Incident | None:
        ours = (
            IncidentTrunk.incident_id == Incident.id,
            IncidentTrunk.environment_id == environment_id,
            _is_told(environment_id),
        )
        return self._session.scalar(select(Incident).where(Incident.id == incident_id, exists().where(*ours)))

    def heard_of(self, incident_id: UUID) -> set[UUID]:
        """Which tenants were told of it."""
        concerned = IncidentTrunks(self._session).environments(incident_id)
        return {each for each in concerned if self.of(each, incident_id) is not None}


def _is_told(environment_id: UUID) -> ColumnElement[bool]:
    """Whether a tenant is told of an incident that his trunks are in: of realms, where his own proofs make it one, or
    where so many tenants are concerned that he may hear of others.
    """
    part = aliased(IncidentTrunk)
    of_it = select(func.count()).where(part.incident_id == Incident.id)
    own = of_it.where(part.environment_id == environment_id).scalar_subquery()
    tenants = (
        select(func.count(distinct(part.environment_id)))
        .where(part.incident_id == Incident.id)
        .scalar_subquery()
    )
    return or_(Incident.kind != IncidentKind.REALM, own >= FEWEST_PROOFS, tenants >= FEWEST_ENVIRONMENTS)


def _left() -> tuple[ColumnElement[bool], ...]:
    concerned = exists().where(IncidentTrunk.incident_id == Incident.id, IncidentTrunk.ended_at.is_(None))
    return Incident.closed_at.is_(None), ~concerned
