"""Learned realms by destination and user."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from trunks.models.realm_pin import RealmPin
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository


class RealmPins(Repository):
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
