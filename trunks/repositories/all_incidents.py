"""Incidents over all tenants, for the operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select

from trunks.models.environment import Environment
from trunks.models.incident import Incident, IncidentTrunk
from trunks.repositories.maintenances import Held
from trunks.repositories.repository import Repository
from trunks.rules.incidents import FEWEST_PROOFS, IncidentKind


@dataclass(frozen=True, slots=True)
class TenantPart:
    """A tenant's trunks in an incident, and those of them that it has not ended for."""

    name: str
    trunks: int
    down: int


@dataclass(frozen=True, slots=True)
class News:
    """What is still news: what might be told only after a moment, since it was not due before, or was held.

    `held` is held now, `held_after` was so at that moment or since.
    """

    after: datetime
    held: Held
    held_after: Held

    def has(self) -> list[ColumnElement[bool]]:
        """The conditions of an incident that is news, and that has a trunk which nothing holds."""
        is_news = Incident.notify_at > self.after
        if self.held_after:
            is_news |= _with_a_trunk(self.held_after.holds(IncidentTrunk.trunk_id))
        return [is_news, _with_a_trunk(~self.held.holds(IncidentTrunk.trunk_id))] if self.held else [is_news]


class AllIncidents(Repository):
    def newest(self, *, limit: int, only_open: bool, before: UUID | None = None) -> Sequence[Incident]:
        query = select(Incident).where(_is_one())
        if only_open:
            query = query.where(Incident.closed_at.is_(None))
        return self._newest(query, Incident, limit=limit, before=before)

    def count_open(self) -> int:
        return self._count(_is_one(), Incident.closed_at.is_(None))

    def get(self, incident_id: UUID) -> Incident | None:
        return self._session.scalar(select(Incident).where(Incident.id == incident_id, _is_one()))

    def any_untold(self, now: datetime) -> bool:
        """Whether the time of any has come, be it news or not."""
        return self._exists(*_untold(now))

    def any_to_tell(self, now: datetime, news: "News") -> bool:
        return self._exists(*_untold(now), *news.has())

    def to_tell(self, now: datetime, news: "News", *, limit: int) -> Sequence[Incident]:
        """List incidents that the operator is to be told of, locked: those with a trunk that nothing holds."""
        return self._session.scalars(
            select(Incident)
            .where(*_untold(now), *news.has())
            .order_by(Incident.notify_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()

    def claimed(self, incident_id: UUID, claim_id: UUID) -> Incident | None:
        """Find an incident that is claimed by this claim, and keep every other writer off it."""
        return self._session.scalar(
            select(Incident)
            .where(Incident.id == incident_id, Incident.claim_id == claim_id)
            .with_for_update()
        )

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


def _untold(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        Incident.notify_at.is_not(None),
        Incident.notify_at <= now,
        Incident.is_free(now),
        _is_one(),
    )


def _with_a_trunk(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(IncidentTrunk.incident_id == Incident.id, which)


def _is_one() -> ColumnElement[bool]:
    """Other realms are an incident where several proofs found them."""
    trunks = select(func.count()).where(IncidentTrunk.incident_id == Incident.id).scalar_subquery()
    return or_(Incident.kind != IncidentKind.REALM, trunks >= FEWEST_PROOFS)
