"""Every stored secret under the newest key: in small transactions, so that it can be broken off anywhere."""

from dataclasses import dataclass

from trunks.errors import SecretUnreadable
from trunks.installation.key_check import sealed_pages
from trunks.repositories.sealed_secrets import SEALED_COLUMNS, SealedColumn, SealedRow, SealedSecrets
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many secrets were sealed anew, and how many no key at hand opens: those stay as they are."""

    resealed: int
    unreadable: int
    keys_in_use: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeyRotation:
    database: Database
    secrets: SecretBox

    def reseal_all(self) -> Rotated:
        """Seal anew what stands under older keys; started again it goes on where it ended.

        Raises StoreUnavailable.
        """
        resealed = unreadable = 0
        for column in SEALED_COLUMNS:
            for rows in sealed_pages(self.database, column):
                done, failed = self._reseal(column, rows)
                resealed += done
                unreadable += failed
        return Rotated(resealed, unreadable, self.keys_in_use())

    def _reseal(self, column: SealedColumn, rows: list[SealedRow]) -> tuple[int, int]:
        resealed = unreadable = 0
        with self.database.write() as session:
            secrets = SealedSecrets(session, column)
            for row in rows:
                if self.secrets.is_newest(row.sealed):
                    continue
                try:
                    sealed = self.secrets.seal(self.secrets.open(row.sealed, row.id), row.id)
                except SecretUnreadable:
                    unreadable += 1
                    continue
                resealed += secrets.replace(row, sealed)
        return resealed, unreadable

    def keys_in_use(self) -> frozenset[str]:
        """Name the keys that stored secrets are sealed under."""
        return frozenset(
            self.secrets.key_id(row.sealed)
            for column in SEALED_COLUMNS
            for rows in sealed_pages(self.database, column)
            for row in rows
        )
