"""Mass falls: at most one is held at a time, whichever worker saw it."""

from datetime import datetime

from sqlalchemy import func, or_, select

from trunks.models.destination_health import DestinationHealth
from trunks.models.mass_fall import MassFall
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository
from trunks.rules.mass_failure import CANARY_INTERVAL, Fall, Release

_OPEN = "open"


class MassFalls(Repository):
    def open(self) -> MassFall | None:
        """Find the one that holds."""
        return self._session.scalar(select(MassFall).where(MassFall.open_mark == _OPEN))

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

    def fallen_since(self, moment: datetime) -> tuple[int, set[str]]:
        """Count formerly healthy destinations that fell since then, and give their addresses."""
        rows = self._session.execute(
            select(DestinationHealth.address, func.count())
            .where(DestinationHealth.fell_at.is_not(None), DestinationHealth.fell_at > moment)
            .group_by(DestinationHealth.address)
        ).all()
        return sum(count for _, count in rows), {address for address, _ in rows if address is not None}

    def due_since(self, moment: datetime) -> int:
        """Count destinations that were due since then: checked, or being checked now."""
        return self._count(
            or_(DestinationHealth.checked_at > moment, DestinationHealth.claim_id.is_not(None)),
            DestinationHealth.next_check_at.is_not(None),
        )

    def still_held(self) -> int:
        """Count destinations whose second probe is still to come."""
        return self._count(DestinationHealth.fell_at.is_not(None), DestinationHealth.held_failures > 0)
