"""An installation: its store, its keys, and the services over them, by area."""

import tempfile
from contextlib import closing
from pathlib import Path

from trunks.clock import Clock
from trunks.errors import DataDirUnusable, KeysUnusable
from trunks.installation.areas import (
    Catalog,
    Foundation,
    Health,
    Provisions,
    Runs,
    Tenancy,
    make_cleaning,
)
from trunks.installation.rewound_clock import RewoundClock
from trunks.installation.settings import PREFIX, Settings
from trunks.installation.statistics import Statistics
from trunks.repositories.installation_keys import InstallationKeys
from trunks.repositories.trunks import Trunks
from trunks.runs.claims import LEASE_MARGIN_SECONDS
from trunks.secrets.keys import KEY_FILE_NAME, SecretKey, make_key_file, parse_keys, read_key_file
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.store.schema import migrate, require_current
from trunks.store.store_clock import StoreClock

_DATA_DIR_MODE = 0o700


class Installation:
    """Opens what `settings` name; close() gives the connections back. The time of day is the database server's.

    Raises SchemaOutdated, KeysUnusable, StoreUnavailable.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.database = Database(settings.store_url)
        self._store_clock = StoreClock(self.database)
        self.clock = clock = clock or self._store_clock
        require_current(self.database)
        self.secrets = SecretBox(read_keys(settings), read_again=lambda: read_keys(settings))
        foundation = Foundation(settings, clock, self.database, self.secrets)
        self.tenancy = Tenancy(foundation)
        self.runs = Runs(foundation)
        self.catalog = Catalog(foundation, self.runs.requests)
        self.health = Health(foundation)
        self.provisions = Provisions(foundation)
        self.cleaning = make_cleaning(foundation, self.tenancy)
        self.rewound_clock = RewoundClock(
            self.database,
            lease_seconds=settings.verify_timeout_seconds + LEASE_MARGIN_SECONDS,
            proof_interval_seconds=settings.proof_interval_seconds,
            clock=clock,
        )
        self.statistics = Statistics(self.database, settings.address_rate, clock)

    def measure_clock(self) -> None:
        """Ask the database server for the time. Raises StoreUnavailable."""
        self._store_clock.measure()

    def close(self) -> None:
        self.database.close()


def prepare(settings: Settings) -> None:
    """Make the data directory, the current schema and the key file where they are missing.

    Raises DataDirUnusable, KeysUnusable, StoreUnavailable.
    """
    if settings.database_url is None or settings.secret_keys is None:
        _make_data_dir(settings.data_dir)
    with closing(Database(settings.store_url)) as database:
        migrate(database)
        if settings.secret_keys is None and not (settings.data_dir / KEY_FILE_NAME).exists():
            _make_keys(settings.data_dir, database)


def read_keys(settings: Settings) -> tuple[SecretKey, ...]:
    """Read the secret keys, newest first. Raises KeysUnusable."""
    if settings.secret_keys is not None:
        return parse_keys(settings.secret_keys.get_secret_value())
    return read_key_file(settings.data_dir)


def _make_keys(folder: Path, database: Database) -> None:
    with database.read() as session:
        holds_secrets = Trunks(session).any_sealed() or InstallationKeys(session).any()
    if holds_secrets:
        # A new key would start well, and then no stored password would open.
        raise KeysUnusable(
            f"{folder / KEY_FILE_NAME} is missing, and the store holds passwords that only its key opens; "
            f"restore the file, or set {PREFIX}SECRET_KEYS to the keys that were in use."
        )
    make_key_file(folder)


def _make_data_dir(folder: Path) -> None:
    try:
        folder.mkdir(mode=_DATA_DIR_MODE, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataDirUnusable(
            f"{PREFIX}DATA_DIR: {str(folder)!r} cannot be written: {error.strerror}. "
            "Give a directory that this user may write to."
        ) from error
