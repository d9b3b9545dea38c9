"""The ledger of knocks, by address; whoever reads it to decide has the address's bucket locked."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select

from trunks.ids import new_id
from trunks.models.knock import KnockRow
from trunks.repositories.among import among, among_texts
from trunks.repositories.repository import Repository
from trunks.rules.knock import Knock

_COLUMNS = tuple(Knock.__dataclass_fields__)


class Knocks(Repository):
    def at(self, addresses: Collection[str], since: datetime) -> Sequence[Knock]:
        """List what stands at these addresses, or is in flight there, since a moment."""
        rows = self._session.execute(
            select(*(getattr(KnockRow, name) for name in _COLUMNS)).where(
                among_texts(self._session, KnockRow.address, addresses), KnockRow.at > since
            )
        )
        return [Knock(**row._mapping) for row in rows]

    def enter(self, knocks: Iterable[Knock]) -> None:
        rows: list[dict[str, Any]] = [
            {"id": new_id()} | {name: getattr(knock, name) for name in _COLUMNS} for knock in knocks
        ]
        if rows:
            self._session.execute(insert(KnockRow.__table__), rows)  # type: ignore[arg-type]

    def remove(self, claim_ids: Collection[UUID]) -> None:
        """Remove what stands in the name of these claims."""
        self._session.execute(delete(KnockRow).where(among(self._session, KnockRow.claim_id, claim_ids)))
