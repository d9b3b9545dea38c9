"""Learned realms by destination and user."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from trunks.models.realm_pin import RealmPin
from trunks.repositories.among import among, among_texts
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


class RealmPins(Repository):
    def among(self, whose: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], tuple[str, ...]]:
        """Give the realms that were proven last, by destination and user; nothing where none was."""
        if not whose:
            return {}
        destinations = {destination_id for destination_id, _ in whose}
        users = {username for _, username in whose}
        rows = self._session.execute(
            select(RealmPin.destination_id, RealmPin.username, RealmPin.realms).where(
                among(self._session, RealmPin.destination_id, destinations),
                among_texts(self._session, RealmPin.username, users),
            )
        )
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
            changed=lambda new: {column: new[column] for column in ("realms", "proven_at")},
        )
