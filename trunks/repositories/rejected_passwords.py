"""Passwords that carriers rejected, one row for a trunk at most."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, select

from trunks.models.account_proof import AccountProof
from trunks.models.rejected_password import RejectedPasswordRow
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository
from trunks.rules.rejected_password import LATELY, RejectedPassword

_NAMES = tuple(each.name for each in fields(RejectedPassword))


class RejectedPasswords(Repository):
    """Rows are written under their trunks' locks."""

    def of(self, trunk_ids: Collection[UUID]) -> Mapping[UUID, RejectedPassword]:
        if not trunk_ids:
            return {}
        rows = self._session.scalars(
            select(RejectedPasswordRow).where(among(self._session, RejectedPasswordRow.trunk_id, trunk_ids))
        )
        return {row.trunk_id: read_rejected(row) for row in rows}

    def keep(self, rejections: Mapping[UUID, RejectedPassword]) -> None:
        if rejections:
            insert_or_update(
                self._session,
                RejectedPasswordRow,
                *({"trunk_id": trunk_id, **asdict(each)} for trunk_id, each in sorted(rejections.items())),
                unique=["trunk_id"],
                changed=_NAMES,
            )

    def forget(self, trunk_ids: Collection[UUID]) -> None:
        if trunk_ids:
            self._session.execute(
                delete(RejectedPasswordRow)
                .where(among(self._session, RejectedPasswordRow.trunk_id, trunk_ids))
                .execution_options(synchronize_session=False)
            )

    def proven_before(self, trunk_ids: Collection[UUID]) -> set[tuple[UUID, int]]:
        """Give the trunks whose account was proven anywhere, each with the generation in which it was."""
        rows = self._session.execute(
            select(AccountProof.trunk_id, AccountProof.generation).where(
                among(self._session, AccountProof.trunk_id, trunk_ids), AccountProof.proven_at.is_not(None)
            )
        )
        return {(trunk_id, generation) for trunk_id, generation in rows if generation is not None}

    def due(self, now: datetime, *, limit: int) -> list[UUID]:
        """List trunks of which something is to be decided, or to be tried."""
        return list(
            self._session.scalars(
                select(RejectedPasswordRow.trunk_id)
                .where(_is_due(now))
                .order_by(RejectedPasswordRow.trunk_id)
                .limit(limit)
            )
        )

    def any_due(self, now: datetime) -> bool:
        return self._exists(_is_due(now))

    def lately(self, now: datetime) -> Mapping[str, int]:
        """Count by address the accounts proven before that were rejected within the hour."""
        address = RejectedPasswordRow.address
        rows = self._session.execute(
            select(address, func.count())
            .where(RejectedPasswordRow.was_proven, RejectedPasswordRow.rejected_at > now - LATELY)
            .group_by(address)
        )
        return {row[0]: row[1] for row in rows}

    def withheld_lately(self, addresses: Collection[str], now: datetime) -> list[UUID]:
        """List trunks that were proven before and lost their password at these within the hour."""
        return list(
            self._session.scalars(
                select(RejectedPasswordRow.trunk_id).where(
                    RejectedPasswordRow.address.in_(sorted(addresses)),
                    RejectedPasswordRow.was_proven,
                    RejectedPasswordRow.is_withheld,
                    RejectedPasswordRow.rejected_at > now - LATELY,
                )
            )
        )


def read_rejected(row: RejectedPasswordRow) -> RejectedPassword:
    return RejectedPassword(**{name: getattr(row, name) for name in _NAMES})


def _is_due(now: datetime) -> ColumnElement[bool]:
    return or_(RejectedPasswordRow.decide_at <= now, RejectedPasswordRow.try_at <= now)
