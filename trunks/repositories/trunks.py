"""Trunks and their flips."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from trunks.models.flip import Flip
from trunks.models.trunk import Trunk


class Trunks:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, trunk: Trunk) -> None:
        self._session.add(trunk)

    def of(self, environment_id: UUID, trunk_id: UUID) -> Trunk | None:
        """Find a trunk of this tenant; another's is not there."""
        return self._session.scalar(
            select(Trunk).where(Trunk.id == trunk_id, Trunk.environment_id == environment_id)
        )

    def locked(self, trunk_id: UUID) -> Trunk | None:
        """Find a trunk and keep every other writer off it; taken before any lock on a verification."""
        return self._session.scalar(
            select(Trunk).where(Trunk.id == trunk_id).with_for_update(key_share=True, of=Trunk)
        )

    def steady(self, trunk_id: UUID) -> Trunk | None:
        """Find a trunk that nobody edits until this transaction ends, so that its parts fit together."""
        return self._session.scalar(
            select(Trunk).where(Trunk.id == trunk_id).with_for_update(read=True, of=Trunk)
        )

    def any_sealed(self) -> bool:
        """Whether the store holds a secret."""
        return bool(self._session.scalar(select(exists().where(Trunk.sealed_password.is_not(None)))))


class Flips:
    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, flip: Flip) -> None:
        self._session.add(flip)
