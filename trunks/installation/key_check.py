"""Whether the keys at hand are those that the store was sealed under: an id alone proves nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from trunks.errors import KeysUnusable, SecretUnreadable
from trunks.repositories.sealed_secrets import SEALED_COLUMNS, SealedColumn, SealedRow, SealedSecrets
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database

_ROWS_PER_TURN = 200
# The installation's own secrets are a handful, and are sealed before any other.
_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Opened:
    """How many secrets each key opened, and how many name it and do not open."""

    opened: Counter[str] = field(default_factory=Counter)
    shut: Counter[str] = field(default_factory=Counter)

    def add(self, row: SealedRow, secrets: SecretBox) -> None:
        key_id = secrets.key_id(row.sealed)
        try:
            secrets.open(row.sealed, row.id)
        except SecretUnreadable:
            self.shut[key_id] += 1
        else:
            self.opened[key_id] += 1

    @property
    def key_ids(self) -> frozenset[str]:
        """Name the keys that secrets were sealed under."""
        return frozenset(self.opened) | frozenset(self.shut)


def open_all(database: Database, secrets: SecretBox) -> Opened:
    """Try every stored secret."""
    found = Opened()
    for column in SEALED_COLUMNS:
        for rows in sealed_pages(database, column):
            for row in rows:
                found.add(row, secrets)
    return found


def require_own_keys(database: Database, secrets: SecretBox) -> None:
    """Raise KeysUnusable where a key at hand has only the id of one that secrets were sealed under.

    To go on would seal new passwords under it, beside old ones under another of the same id. A key that is not at
    hand at all is no such fault: what it sealed waits for it.
    """
    found = Opened()
    for row in _samples(database):
        found.add(row, secrets)
    false = sorted(key_id for key_id in found.shut if secrets.has(key_id) and not found.opened[key_id])
    if false:
        raise KeysUnusable(
            f"{false[0]} is another key than the {false[0]} that stored secrets were sealed under; put back the "
            "keys that belong to this database, from the same backup. Nothing was changed."
        )


def _samples(database: Database) -> Iterator[SealedRow]:
    with database.read() as session:
        for column in reversed(SEALED_COLUMNS):
            yield from SealedSecrets(session, column).page(after=None, limit=_SAMPLES)


def sealed_pages(database: Database, column: SealedColumn) -> Iterator[list[SealedRow]]:
    """Walk through a column, some rows at a time."""
    after = None
    while True:
        with database.read() as session:
            rows = list(SealedSecrets(session, column).page(after=after, limit=_ROWS_PER_TURN))
        if not rows:
            return
        yield rows
        after = rows[-1].id
