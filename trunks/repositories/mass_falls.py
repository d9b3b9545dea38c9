"""Mass falls: at most one is held at a time, whichever worker saw it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, distinct, func, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute

from trunks.models.destination_health import DestinationHealth
from trunks.models.mass_fall import MassFall
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.rules.mass_failure import CANARY_INTERVAL, Fall, Release

_OPEN = "open"
_THE_OPEN = select(MassFall).where(MassFall.open_mark == _OPEN)


class MassFalls(Repository):
    def open(self) -> MassFall | None:
        """Find the one that holds."""
        return self._session.scalar(_THE_OPEN)

    def last_released_at(self) -> datetime | None:
        return self._session.scalar(select(func.max(MassFall.released_at)))

    def begin(self, fall: Fall, now: datetime) -> bool:
        """Open a hold; false when another worker has."""
        values = {
            "open_mark": _OPEN,
            "began_at": now,
            "fallen": fall.destinations,
            "addresses": fall.addresses,
        }
        return insert_or_ignore(self._session, MassFall, values, unique=["open_mark"])

    def release(self, release: Release, now: datetime) -> bool:
        """Let go; false when another worker has."""
        return self._change(
            MassFall, MassFall.open_mark == _OPEN, open_mark=None, released_at=now, release=release
        )

    def take_canary(self, now: datetime) -> bool:
        """Make it ours to ask the canary, when that is due."""
        due = or_(MassFall.canary_asked_at.is_(None), MassFall.canary_asked_at <= now - CANARY_INTERVAL)
        return self._change(MassFall, MassFall.open_mark == _OPEN, due, canary_asked_at=now)

    def canary_answered(self, *, alive: bool, now: datetime) -> None:
        values = {"canary_alive": alive} | ({} if alive else {"alarmed_at": now})
        self._change(MassFall, MassFall.open_mark == _OPEN, **values)

    def fallen_since(self, moment: datetime, *, beside: Collection[UUID] = ()) -> tuple[int, set[str]]:
        """Count formerly healthy destinations that fell since then, or lost an edge in use, and give the addresses.

        Those that are counted `beside` are left out.
        """
        fallen = union(
            self._fallen(DestinationHealth.address, DestinationHealth.fell_at, moment, beside),
            self._fallen(DestinationHealth.edge_fell_address, DestinationHealth.edge_fell_at, moment, beside),
        ).subquery()
        count = self._session.scalar(select(func.count(distinct(fallen.c.destination_id)))) or 0
        addresses = self._session.scalars(select(fallen.c.address).distinct())
        return count, {address for address in addresses if address is not None}

    def _fallen(
        self,
        address: InstrumentedAttribute[str | None],
        fell_at: InstrumentedAttribute[datetime | None],
        moment: datetime,
        beside: Collection[UUID],
    ) -> Select[UUID, str | None]:
        query = select(DestinationHealth.destination_id, address.label("address")).where(
            fell_at.is_not(None), fell_at > moment
        )
        if not beside:
            return query
        return query.where(~among(self._session, DestinationHealth.destination_id, beside))

    def due_since(self, moment: datetime) -> int:
        """Count destinations that were due since then: checked, or being checked now."""
        return self._count(
            or_(DestinationHealth.checked_at > moment, DestinationHealth.claim_id.is_not(None)),
            DestinationHealth.next_check_at.is_not(None),
        )

    def still_held(self) -> int:
        """Count destinations whose second probe is still to come, or that of an edge in use."""
        return self._count(
            DestinationHealth.fell_at.is_not(None), DestinationHealth.held_failures > 0
        ) + self._count(DestinationHealth.edge_fell_at.is_not(None), DestinationHealth.edge_held_failures > 0)
