"""Whose trunks are in an incident, and how many of whose there are."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, distinct, exists, func, select, update

from trunks.models.base import UtcDateTime
from trunks.models.incident import Incident, IncidentPlace, IncidentTrunk
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among, composed
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository
from trunks.rules.incidents import FEWEST_ENVIRONMENTS, FEWEST_PROOFS, IncidentKind, Turn

_TABLE = IncidentTrunk.__table__


def _concerned_again(_: Any) -> Mapping[str, Any]:
    return {"ended_at": None, "ended": None}


_OF_REALMS = exists().where(Incident.id == IncidentTrunk.incident_id, Incident.kind == IncidentKind.REALM)

# Every run with proven credentials says it.
_REALM_KNOWN = composed(
    lambda among: (
        update(_TABLE)
        .where(among(IncidentTrunk.trunk_id), IncidentTrunk.ended_at.is_(None), _OF_REALMS)
        .values(ended_at=bindparam("at", type_=UtcDateTime()), ended=Turn.RECOVERED)
    )
)


class IncidentTrunks(Repository):
    def fell(
        self,
        place: IncidentPlace,
        trunk: Trunk,
        at: datetime,
        *,
        verification_id: UUID | None,
        changed: Mapping[str, Any] | None,
    ) -> None:
        """Note that a trunk is concerned, from its first fall on."""
        row: dict[str, Any] = {
            "incident_id": place.incident_id,
            "place_id": place.id,
            "trunk_id": trunk.id,
            "environment_id": trunk.environment_id,
            "fell_at": at,
            "verification_id": verification_id,
            "changed": changed,
            "ended_at": None,
            "ended": None,
        }
        insert_or_update(
            self._session,
            IncidentTrunk,
            row,
            unique=["incident_id", "trunk_id"],
            changed=_concerned_again,
        )

    def concerned(self, trunk_ids: Collection[UUID]) -> set[UUID]:
        """Which of these trunks are in an incident that is not over for them."""
        return set(
            self._session.scalars(
                select(IncidentTrunk.trunk_id)
                .where(
                    among(self._session, IncidentTrunk.trunk_id, trunk_ids), IncidentTrunk.ended_at.is_(None)
                )
                .distinct()
            )
        )

    def end(self, trunk_id: UUID, turn: Turn, at: datetime) -> None:
        """Note that no incident concerns a trunk any more."""
        self._session.execute(
            update(IncidentTrunk)
            .where(IncidentTrunk.trunk_id == trunk_id, IncidentTrunk.ended_at.is_(None))
            .values(ended_at=at, ended=turn)
            .execution_options(synchronize_session=False)
        )

    def last_trunk(self, environment_id: UUID, incident_id: UUID) -> UUID | None:
        """Which trunk of a tenant it ended for last."""
        return self._session.scalars(
            select(IncidentTrunk.trunk_id)
            .where(IncidentTrunk.incident_id == incident_id, IncidentTrunk.environment_id == environment_id)
            .order_by(IncidentTrunk.ended_at.desc(), IncidentTrunk.id)
            .limit(1)
        ).first()

    def realm_known(self, trunk_ids: Collection[UUID], at: datetime) -> None:
        """Note that no incident of realms concerns these trunks, which their caller keeps, any more."""
        if not trunk_ids:
            return
        self._connection.execute(_REALM_KNOWN(self._session), {"ids": list(trunk_ids), "at": at})

    def trunks(self, environment_id: UUID, incident_id: UUID) -> Sequence[IncidentTrunk]:
        """List a tenant's trunks in an incident, the first that fell first."""
        return self._session.scalars(
            select(IncidentTrunk)
            .where(IncidentTrunk.incident_id == incident_id, IncidentTrunk.environment_id == environment_id)
            .order_by(IncidentTrunk.fell_at, IncidentTrunk.id)
        ).all()

    def first_fall(self, incident_id: UUID, environment_id: UUID) -> datetime | None:
        """When the first of a tenant's trunks fell; None where none is left that did."""
        return self._session.scalar(
            select(func.min(IncidentTrunk.fell_at)).where(
                IncidentTrunk.incident_id == incident_id, IncidentTrunk.environment_id == environment_id
            )
        )

    def environments(self, incident_id: UUID) -> set[UUID]:
        """Whose trunks are in an incident."""
        return set(
            self._session.scalars(
                select(IncidentTrunk.environment_id)
                .where(IncidentTrunk.incident_id == incident_id)
                .distinct()
            )
        )

    def told(self, incident_id: UUID) -> set[UUID]:
        """Which tenants are told of one of realms: by three proofs of their own, or where five of them are in it."""
        rows = self._session.execute(
            select(IncidentTrunk.environment_id, func.count())
            .where(IncidentTrunk.incident_id == incident_id, IncidentTrunk.ended_at.is_(None))
            .group_by(IncidentTrunk.environment_id)
        ).all()
        return {each for each, count in rows if count >= FEWEST_PROOFS or len(rows) >= FEWEST_ENVIRONMENTS}

    def number(self, incident_id: UUID) -> int:
        """Count all trunks that are or were in an incident."""
        return self._count(IncidentTrunk.incident_id == incident_id)

    def others(self, environment_id: UUID, incident_id: UUID) -> int:
        """Count the trunks of other tenants in an incident."""
        return self._count(
            IncidentTrunk.incident_id == incident_id, IncidentTrunk.environment_id != environment_id
        )

    def trunks_at(self, destination_ids: Collection[UUID], *whose: ColumnElement[bool]) -> int:
        """Count the trunks that lead to one of these destinations."""
        return (
            self._session.scalar(
                select(func.count(distinct(Trunk.id)))
                .join(Gateway, Gateway.trunk_id == Trunk.id)
                .where(
                    among(self._session, Gateway.destination_id, destination_ids),
                    Trunk.is_draft.is_(False),
                    *whose,
                )
            )
            or 0
        )

    def own_at(self, environment_id: UUID, destination_ids: Collection[UUID]) -> int:
        return self.trunks_at(destination_ids, Trunk.environment_id == environment_id)

    def others_at(self, environment_id: UUID, destination_ids: Collection[UUID]) -> int:
        return self.trunks_at(destination_ids, Trunk.environment_id != environment_id)
