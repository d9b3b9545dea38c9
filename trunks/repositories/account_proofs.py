"""Where the trunks' accounts were proven, and where their credentials had a turn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update

from trunks.models.account_proof import AccountProof
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository

_PROVEN = ("generation", "username", "proven_at", "refused_at", "tried_at")
_TRIED = ("tried_at",)


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """A trunk's credentials had their turn at this destination."""

    trunk_id: UUID
    destination_id: UUID


class AccountProofs(Repository):
    """Rows are locked after those of destinations, in the order of trunks and destinations."""

    def prove(self, proven: Mapping[Turn, tuple[int, str]], now: datetime) -> None:
        """Keep that these accounts were proven, each in its generation and by its user."""
        self._keep(
            [
                {
                    "trunk_id": turn.trunk_id,
                    "destination_id": turn.destination_id,
                    "generation": generation,
                    "username": username,
                    "proven_at": now,
                    "refused_at": None,
                    "tried_at": now,
                }
                for turn, (generation, username) in sorted(proven.items())
            ],
            _PROVEN,
        )

    def tried(self, turns: Collection[Turn], now: datetime) -> None:
        """Keep that these had their turn, whatever came of it; what was proven before stays so."""
        self._keep(
            [
                {"trunk_id": turn.trunk_id, "destination_id": turn.destination_id, "tried_at": now}
                for turn in sorted(turns)
            ],
            _TRIED,
        )

    def refuse(self, trunk_ids: Collection[UUID], now: datetime) -> None:
        """End the proofs of trunks whose credentials were rejected, at all their destinations."""
        if not trunk_ids:
            return
        self._session.execute(
            update(AccountProof)
            .where(among(self._session, AccountProof.trunk_id, trunk_ids), AccountProof.refused_at.is_(None))
            .values(refused_at=now)
            .execution_options(synchronize_session=False)
        )

    def carry(self, trunk_id: UUID, former: int, *, to: int) -> None:
        """Let the proofs of a former generation stand in another, whose configuration is the same."""
        self._session.execute(
            update(AccountProof)
            .where(AccountProof.trunk_id == trunk_id, AccountProof.generation == former)
            .values(generation=to)
            .execution_options(synchronize_session=False)
        )

    def leave(self, trunk_id: UUID, destination_ids: Collection[UUID]) -> None:
        """Forget what a trunk proved anywhere but at these destinations, where it has gateways."""
        self._session.execute(
            delete(AccountProof).where(
                AccountProof.trunk_id == trunk_id, AccountProof.destination_id.not_in(list(destination_ids))
            )
        )

    def _keep(self, rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
        if rows:
            insert_or_update(
                self._session,
                AccountProof,
                *rows,
                unique=["trunk_id", "destination_id"],
                changed=columns,
            )
