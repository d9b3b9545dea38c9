"""An installation: its store, its keys, and the services over them, by area."""

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from trunks.clock import Clock
from trunks.errors import DataDirUnusable, KeysUnusable
from trunks.installation.areas import (
    Catalog,
    Foundation,
    Health,
    People,
    Provisions,
    Runs,
    Tenancy,
    make_cleaning,
)
from trunks.installation.key_check import require_own_keys
from trunks.installation.rewound_clock import RewoundClock
from trunks.installation.settings import PREFIX, Settings
from trunks.installation.statistics import Statistics
from trunks.installation.voice_reader import VoiceReader
from trunks.installation.workers import WorkerBook
from trunks.repositories.installation_keys import InstallationKeys
from trunks.repositories.trunks import Trunks
from trunks.runs.claims import LEASE_MARGIN_SECONDS
from trunks.secrets.keys import KEY_FILE_NAME, SecretKey, make_key_file, parse_keys, read_key_file
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.store.schema import migrate, require_current
from trunks.store.soundness import START_CHECK_SECONDS, require_sound, require_takes_writes
from trunks.store.sqlite_faults import cut_off, is_cut_off
from trunks.store.store_clock import StoreClock

_DATA_DIR_MODE = 0o700


class Installation:
    """Opens what `settings` name; close() gives the connections back. The time of day is the database server's.

    Raises SchemaOutdated, SchemaUnknown, KeysUnusable, StoreUnavailable.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.database = open_database(settings)
        self._store_clock = StoreClock(self.database)
        self.clock = clock = clock or self._store_clock
        with ExitStack() as unless_fit:
            unless_fit.callback(self.close)
            require_current(self.database)
            self.secrets = SecretBox(read_keys(settings), read_again=lambda: read_keys(settings))
            require_own_keys(self.database, self.secrets)
            unless_fit.pop_all()
        foundation = Foundation(settings, clock, self.database, self.secrets)
        self.tenancy = Tenancy(foundation)
        self.runs = Runs(foundation)
        self.catalog = Catalog(foundation, self.runs.requests)
        self.health = Health(foundation)
        self.provisions = Provisions(foundation)
        self.people = People(foundation)
        self.voice = VoiceReader(settings, self.provisions.reconciliation, self.provisions.overview)
        self.cleaning = make_cleaning(foundation, self.tenancy)
        self.rewound_clock = RewoundClock(
            self.database,
            lease_seconds=settings.verify_timeout_seconds + LEASE_MARGIN_SECONDS,
            proof_interval_seconds=settings.proof_interval_seconds,
            clock=clock,
        )
        self.statistics = Statistics(self.database, settings.address_rate, clock)
        self.workers = WorkerBook(self.database, clock)

    def require_fit(self) -> None:
        """Look whether a process that is to stay can begin. Raises StoreUnavailable."""
        require_sound(self.database, within_seconds=START_CHECK_SECONDS)
        require_takes_writes(self.database)

    def measure_clock(self) -> None:
        """Ask the database server for the time. Raises StoreUnavailable."""
        self._store_clock.measure()

    def close(self) -> None:
        self.database.close()


def prepare(settings: Settings) -> None:
    """Make the data directory, the current schema and the key file where they are missing.

    Raises DataDirUnusable, SchemaUnknown, KeysUnusable, StoreUnavailable.
    """
    if settings.database_url is None or settings.secret_keys is None:
        _make_data_dir(settings.data_dir)
    with closing(open_database(settings)) as database:
        require_sound(database, within_seconds=START_CHECK_SECONDS)
        migrate(database)
        require_takes_writes(database)
        if settings.secret_keys is None and not (settings.data_dir / KEY_FILE_NAME).exists():
            _make_keys(settings.data_dir, database)
        require_own_keys(database, SecretBox(read_keys(settings)))


def open_database(settings: Settings) -> Database:
    """Open the database that the settings name. Raises StoreDamaged where SQLite's file was cut off."""
    database = Database(settings.store_url)
    file = database.file
    has_keys = settings.secret_keys is not None or (settings.data_dir / KEY_FILE_NAME).exists()
    # SQLite takes an empty file for a new database, and the customers of the former one would be gone.
    if file is not None and has_keys and is_cut_off(file):
        database.close()
        raise cut_off(file)
    return database


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
