"""The trunks that a cycle of health checks may change, read and written for many at once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, exists, func, or_, select, tuple_, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from sipcheck.reasons import CredentialState
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among, among_bound
from trunks.repositories.liveness import Found, health_has_begun
from trunks.repositories.repository import Repository
from trunks.rules.trunk_state import HealthStatus, TrunkState


class Cycle(Enum):
    """What a destination's cycle came to."""

    WELL = "well"
    DEGRADED = "degraded"
    FAILED = "failed"


# What may change in trunks with one gateway; the rest of a destination's trunks is not even read.
_MAY_CHANGE: dict[Cycle, ColumnElement[bool]] = {
    Cycle.FAILED: or_(
        Trunk.health_down.is_(False),
        Trunk.health_status != HealthStatus.UNHEALTHY,
        Trunk.answered_checks > 0,
    ),
    **{
        cycle: or_(
            Trunk.failed_checks > 0,
            Trunk.answered_checks > 0,
            Trunk.health_down,
            and_(Trunk.health_status != status, Trunk.credentials != CredentialState.REJECTED),
        )
        for cycle, status in ((Cycle.WELL, HealthStatus.HEALTHY), (Cycle.DEGRADED, HealthStatus.DEGRADED))
    },
}


def _page(cycle: Cycle, *, by_array: bool, later: bool) -> Select[*tuple[Any, ...]]:
    """The trunks of the destinations `ids`, `most` at once; the `later` ones come behind `after`."""
    other = aliased(Gateway)
    beside = and_(other.trunk_id == Trunk.id, other.id != Gateway.id)
    earlier = tuple_(other.priority, other.id) < tuple_(Gateway.priority, Gateway.id)
    others = select(func.count()).select_from(other).where(beside)
    living = others.join(DestinationHealth, DestinationHealth.destination_id == other.destination_id).where(
        DestinationHealth.failures == 0
    )
    query: Select[*tuple[Any, ...]] = (
        select(
            Trunk.id,
            Gateway.destination_id,
            Trunk.generation,
            Trunk.wanted,
            Trunk.is_verified,
            Trunk.health_down,
            Trunk.health_status,
            Trunk.failed_checks,
            Trunk.answered_checks,
            Trunk.credentials,
            others.correlate(Trunk, Gateway).scalar_subquery().label("others"),
            living.correlate(Trunk, Gateway).scalar_subquery().label("others_living"),
        )
        .join(Gateway, Gateway.trunk_id == Trunk.id)
        .where(
            among_bound(Gateway.__table__.c.destination_id, by_array=by_array),
            health_has_begun(),
            or_(_MAY_CHANGE[cycle], exists().where(beside).correlate(Trunk, Gateway)),
            ~exists().where(beside, earlier).correlate(Trunk, Gateway),
        )
        .order_by(Trunk.id)
        .limit(bindparam("most"))
        .with_for_update(key_share=True, of=Trunk)
    )
    return query.where(Trunk.id > bindparam("after")) if later else query


# Composed once: every settling of checks asks one of them.
_PAGES = {
    (cycle, by_array, later): _page(cycle, by_array=by_array, later=later)
    for cycle in Cycle
    for by_array in (False, True)
    for later in (False, True)
}


class AffectedTrunks(Repository):
    def page(
        self, cycle: Cycle, destination_ids: Collection[UUID], *, after: UUID | None, limit: int
    ) -> Sequence[Found]:
        """List trunks that a cycle of their first gateway may change, locked, in the order of their ids.

        A trunk's other gateways are counted beside it, and how many of these did not fail last.
        """
        by_array = self._session.get_bind().dialect.name == "postgresql"
        given = {"ids": list(destination_ids), "most": limit}
        if after is not None:
            given["after"] = after
        return self._session.execute(_PAGES[cycle, by_array, after is not None], given).all()

    def change(self, trunk_ids: Collection[UUID], state: TrunkState, now: datetime, *, shown: bool) -> None:
        """Write one state to many trunks; `shown` says that a customer sees the change."""
        values: dict[str, Any] = {
            "health_down": state.health_down,
            "health_status": state.health_status,
            "is_active": state.is_active,
            "failed_checks": state.failed_checks,
            "answered_checks": state.answered_checks,
            "last_health_check_at": now,
        }
        if shown:
            values["updated_at"] = now
        self._session.execute(
            update(Trunk)
            .where(among(self._session, Trunk.id, trunk_ids))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
