"""Everything that is sealed, whatever table it is in: what a rotation of the keys walks through."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from trunks.models.installation_key import InstallationKey
from trunks.models.trunk import Trunk
from trunks.models.webhook import WebhookEndpoint
from trunks.repositories.repository import Repository


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed secrets, each bound to the id of its row."""

    table: Any
    sealed: InstrumentedAttribute[Any]


SEALED_COLUMNS = (
    SealedColumn(Trunk, Trunk.sealed_password),
    SealedColumn(InstallationKey, InstallationKey.sealed),
    SealedColumn(WebhookEndpoint, WebhookEndpoint.sealed_secret),
    SealedColumn(WebhookEndpoint, WebhookEndpoint.former_sealed_secret),
)


@dataclass(frozen=True, slots=True)
class SealedRow:
    id: UUID
    sealed: bytes = field(repr=False)


class SealedSecrets(Repository):
    def __init__(self, session: Session, column: SealedColumn) -> None:
        super().__init__(session)
        self._column = column

    def page(self, *, after: UUID | None, limit: int) -> Sequence[SealedRow]:
        """List those that follow a row, in the order of their ids."""
        table, sealed = self._column.table, self._column.sealed
        query = select(table.id, sealed).where(sealed.is_not(None))
        if after is not None:
            query = query.where(table.id > after)
        rows = self._session.execute(query.order_by(table.id).limit(limit)).all()
        return [SealedRow(row_id, bytes(secret)) for row_id, secret in rows]

    def replace(self, row: SealedRow, sealed: bytes) -> bool:
        """Seal anew; false when the secret was edited or removed since it was read."""
        table, column = self._column.table, self._column.sealed
        return self._change(table, table.id == row.id, column == row.sealed, **{column.key: sealed})
