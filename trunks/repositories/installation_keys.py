"""The installation's own keys: the first that asks for one makes it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from trunks.models.installation_key import InstallationKey, KeyName


class InstallationKeys:
    def __init__(self, session: Session) -> None:
        self._session = session

    def named(self, name: KeyName) -> InstallationKey | None:
        return self._session.scalar(select(InstallationKey).where(InstallationKey.name == name.value))

    def ensure(self, name: KeyName, *, row_id: UUID, sealed: bytes, now: datetime) -> InstallationKey:
        """Give the key of this name; of two writers at once one makes it, and both get that."""
        dialect = postgresql if self._session.get_bind().dialect.name == "postgresql" else sqlite
        values = {"id": row_id, "name": name.value, "sealed": sealed, "created_at": now}
        self._session.execute(
            dialect.insert(InstallationKey).values(values).on_conflict_do_nothing(index_elements=["name"])
        )
        return self._session.scalars(select(InstallationKey).where(InstallationKey.name == name.value)).one()

    def any(self) -> bool:
        """Whether the store holds one."""
        return bool(self._session.scalar(select(exists(InstallationKey.id))))
