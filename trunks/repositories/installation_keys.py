"""The installation's own keys: the first that asks for one makes it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select

from trunks.models.installation_key import InstallationKey, KeyName
from trunks.repositories.insert_or import insert_or_ignore
from trunks.repositories.repository import Repository


class InstallationKeys(Repository):
    def named(self, name: KeyName) -> InstallationKey | None:
        return self._session.scalar(select(InstallationKey).where(InstallationKey.name == name.value))

    def ensure(self, name: KeyName, *, row_id: UUID, sealed: bytes, now: datetime) -> InstallationKey:
        """Give the key of this name; of two writers at once one makes it, and both get that."""
        values = {"id": row_id, "name": name.value, "sealed": sealed, "created_at": now}
        insert_or_ignore(self._session, InstallationKey, values, unique=["name"])
        return self._session.scalars(select(InstallationKey).where(InstallationKey.name == name.value)).one()

    def any(self) -> bool:
        """Whether the store holds one."""
        return bool(self._session.scalar(select(exists(InstallationKey.id))))
