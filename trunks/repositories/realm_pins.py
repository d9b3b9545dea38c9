"""Learned realms by destination and user."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from trunks.models.realm_pin import RealmPin
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


class RealmPins(Repository):
    def of(self, destination_id: UUID, username: str) -> tuple[str, ...]:
        """Give the realms that were proven last; none when none was."""
        realms = self._session.scalar(
            select(RealmPin.realms).where(
                RealmPin.destination_id == destination_id, RealmPin.username == username
            )
        )
        return tuple(realms or ())

    def learn(self, destination_id: UUID, username: str, realms: Collection[str], now: datetime) -> None:
        """Keep the realms of the latest proof, and no others."""
        whose = {"destination_id": destination_id, "username": username}
        learned = {"realms": list(realms), "proven_at": now}
        insert_or_update(
            self._session,
            RealmPin,
            {**whose, **learned},
            unique=list(whose),
            changed=lambda new: {column: new[column] for column in learned},
        )
