"""Maintenance that stands, and what it holds."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from trunks.models.destination import Destination
from trunks.models.environment import Environment
from trunks.models.maintenance import Maintenance
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among
from trunks.repositories.repository import Repository


@dataclass(frozen=True, slots=True)
class Held:
    """Tenants, destinations and trunks whose messages wait."""

    environment_ids: frozenset[UUID] = frozenset()
    destination_ids: frozenset[UUID] = frozenset()
    trunk_ids: frozenset[UUID] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.environment_ids or self.destination_ids or self.trunk_ids)

    def holds(
        self, trunk_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None]
    ) -> ColumnElement[bool]:
        """Whether what is about this trunk waits."""
        there = select(Gateway.trunk_id).where(Gateway.destination_id.in_(self.destination_ids))
        theirs = select(Trunk.id).where(Trunk.environment_id.in_(self.environment_ids))
        return trunk_id.in_(self.trunk_ids) | trunk_id.in_(there) | trunk_id.in_(theirs)


@dataclass(frozen=True, slots=True)
class HeldSpan:
    """From when on messages wait, and until when at the latest: whoever ends a maintenance lets them go before."""

    since: datetime
    until: datetime


class Maintenances(Repository):
    def add(self, begun: Maintenance) -> None:
        self._session.add(begun)

    def held(self, now: datetime) -> Held:
        """What is held at a moment."""
        return _held(self.standing(now))

    def held_after(self, moment: datetime) -> Held:
        """What is held by a maintenance that was not over at that moment, whether it is by now or not."""
        return _held(
            self._session.scalars(
                select(Maintenance).where(
                    Maintenance.until_at > moment,
                    or_(Maintenance.ended_at.is_(None), Maintenance.ended_at > moment),
                )
            ).all()
        )

    def standing(self, now: datetime) -> Sequence[Maintenance]:
        """List what has not ended, the one that ends first first."""
        return self._session.scalars(
            select(Maintenance)
            .where(Maintenance.ended_at.is_(None), Maintenance.until_at > now)
            .order_by(Maintenance.until_at, Maintenance.id)
        ).all()

    def spans(self, trunk_ids: Collection[UUID], now: datetime) -> Mapping[UUID, HeldSpan]:
        """Say of trunks whose messages are held from when on and until when, by all that holds them."""
        standing = self.standing(now) if trunk_ids else ()
        if not standing:
            return {}
        rows = self._session.execute(
            select(Trunk.id, Trunk.environment_id, Gateway.destination_id)
            .join(Gateway, Gateway.trunk_id == Trunk.id)
            .where(among(self._session, Trunk.id, trunk_ids))
        )
        holding: dict[UUID, list[Maintenance]] = defaultdict(list)
        for trunk_id, environment_id, destination_id in rows:
            of = (trunk_id, environment_id, destination_id)
            holding[trunk_id] += [
                each for each in standing if {each.trunk_id, each.environment_id, each.destination_id} & {*of}
            ]
        return {
            trunk_id: HeldSpan(min(each.began_at for each in by), max(each.until_at for each in by))
            for trunk_id, by in holding.items()
            if by
        }

    def end(self, maintenance_id: UUID, now: datetime) -> bool:
        """End one before its time; false where there is none that stands."""
        return self._change(
            Maintenance,
            Maintenance.id == maintenance_id,
            Maintenance.ended_at.is_(None),
            Maintenance.until_at > now,
            ended_at=now,
        )

    def destinations(self, domain: str) -> Sequence[UUID]:
        """Find the destinations of a domain, whatever their ports and transports."""
        return self._session.scalars(select(Destination.id).where(Destination.domain == domain)).all()

    def trunk_stands(self, trunk_id: UUID) -> bool:
        return self._exists(Trunk.id == trunk_id)

    def names(self, found: Sequence[Maintenance]) -> list[str]:
        """Name what each is of, as a person knows it."""
        environments = self._session.execute(select(Environment.id, Environment.name))
        environment_names = {each: name for each, name in environments}  # noqa: C416 - rows are no pairs to mypy
        destination_ids = [each.destination_id for each in found if each.destination_id is not None]
        rows = self._session.execute(
            select(Destination.id, Destination.key).where(Destination.id.in_(destination_ids))
        )
        keys = {each: key for each, key in rows}  # noqa: C416
        return [
            f"environment {environment_names[each.environment_id]}"
            if each.environment_id is not None
            else f"destination {keys[each.destination_id]}"
            if each.destination_id is not None
            else f"trunk {each.trunk_id}"
            for each in found
        ]


def _held(found: Sequence[Maintenance]) -> Held:
    return Held(
        frozenset(each.environment_id for each in found if each.environment_id is not None),
        frozenset(each.destination_id for each in found if each.destination_id is not None),
        frozenset(each.trunk_id for each in found if each.trunk_id is not None),
    )
