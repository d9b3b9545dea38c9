"""Destinations: one row for all equal gateways."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from sipcheck.target import Target
from trunks.models.destination import Destination
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository


class Destinations(Repository):
    def ensure(self, target: Target, now: datetime) -> UUID:
        """Give the id of the destination that this target is; of two writers at once one makes it."""
        values = {
            "key": destination_key(target),
            "domain": target.domain,
            "port": target.port,
            "transport": target.transport,
            "outbound_proxy": None if target.outbound_proxy is None else str(target.outbound_proxy),
            "created_at": now,
        }
        # Kept from being removed until this transaction ends, unless it was removed since the look.
        kept = select(Destination).where(Destination.key == values["key"])
        kept = kept.with_for_update(read=True, key_share=True)
        while True:
            insert_or_ignore(self._session, Destination, values, unique=["key"])
            found = self._session.scalar(kept)
            if found is not None:
                found.unused_since = None
                return found.id


def destination_key(target: Target) -> str:
    """Spell what makes two gateways one destination (docs/design/architecture.md, "Good manners")."""
    parts = (target.domain, target.port, target.transport, target.outbound_proxy)
    return "|".join("" if part is None else str(part) for part in parts)
