"""Learned realms by destination and user."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from trunks.ids import new_id
from trunks.models.realm_pin import RealmPin


class RealmPins:
    def __init__(self, session: Session) -> None:
        self._session = session

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
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        learned = {"realms": list(realms), "proven_at": now}
        self._session.execute(
            dialect.insert(RealmPin)
            .values(id=new_id(), destination_id=destination_id, username=username, **learned)
            .on_conflict_do_update(index_elements=["destination_id", "username"], set_=learned)
        )
