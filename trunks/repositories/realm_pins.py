"""Learned realms by destination and user."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from trunks.models.realm_pin import RealmPin
from trunks.repositories.among import composed
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository

_TABLE = RealmPin.__table__

_PINS = composed(
    lambda among: select(_TABLE.c.destination_id, _TABLE.c.username, _TABLE.c.realms).where(
        among(_TABLE.c.destination_id), among(_TABLE.c.username, "users")
    )
)


class RealmPins(Repository):
    def among(self, whose: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], tuple[str, ...]]:
        """Give the realms that were proven last, by destination and user; nothing where none was."""
        if not whose:
            return {}
        destinations = {destination_id for destination_id, _ in whose}
        users = {username for _, username in whose}
        bound = {"ids": list(destinations), "users": list(users)}
        rows = self._connection.execute(_PINS(self._session), bound)
        return {(destination_id, username): tuple(realms) for destination_id, username, realms in rows}

    def learn(self, proven: Mapping[tuple[UUID, str], Collection[str]], now: datetime) -> None:
        """Keep the realms of the latest proofs, and no others; rows are locked in one order."""
        if not proven:
            return
        rows = [
            {"destination_id": destination_id, "username": username, "realms": list(realms), "proven_at": now}
            for (destination_id, username), realms in sorted(proven.items())
        ]
        insert_or_update(
            self._session,
            RealmPin,
            *rows,
            unique=["destination_id", "username"],
            changed=("realms", "proven_at"),
        )
