"""An installation: its store, its keys, and the services over them."""

import tempfile
from pathlib import Path

from trunks.catalog.create import TrunkCreation
from trunks.catalog.create_provisioned import ProvisionedCreation
from trunks.catalog.drafts import UnsavedTrunks
from trunks.catalog.dry_runs import DryRuns
from trunks.catalog.phone_numbers import NumberCatalog
from trunks.catalog.trunks import TrunkCatalog
from trunks.catalog.update import TrunkUpdates
from trunks.catalog.views import TrunkViews
from trunks.clock import Clock, utc_now
from trunks.errors import DataDirUnusable, KeysUnusable
from trunks.health.breaker import Breaker
from trunks.health.check_claims import CheckClaims
from trunks.health.check_results import CheckResults
from trunks.installation.settings import PREFIX, Settings
from trunks.installation.statistics import Statistics
from trunks.provisions.claims import ProvisionClaims
from trunks.provisions.reconciliation import Reconciliation
from trunks.provisions.status import ProvisionOverview
from trunks.repositories.installation_keys import InstallationKeys
from trunks.repositories.trunks import Trunks
from trunks.runs.address_limits import AddressLimits, PaceLimits
from trunks.runs.claims import RunClaims
from trunks.runs.credential_proofs import CredentialProofs
from trunks.runs.recovery import Recovery
from trunks.runs.requests import RunRequests
from trunks.secrets.keys import KEY_FILE_NAME, SecretKey, make_key_file, parse_keys, read_key_file
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.store.schema import migrate, require_current
from trunks.tenancy.idempotent_requests import KeyedRequests
from trunks.tenancy.installation_keys import InstallationKeyring
from trunks.tenancy.tenants import Tenants

_DATA_DIR_MODE = 0o700


class Installation:
    """Opens what `settings` name; close() gives the connections back.

    Raises SchemaOutdated, KeysUnusable, StoreUnavailable.
    """

    def __init__(self, settings: Settings, *, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.database = Database(settings.store_url)
        require_current(self.database)
        self.secrets = SecretBox(read_keys(settings), read_again=lambda: read_keys(settings))
        self.tenants = Tenants(self.database, clock=clock)
        entry = TrunkCreation(self.secrets)
        self.trunks = TrunkCatalog(self.database, entry, provisioner=settings.provisioner, clock=clock)
        self.trunk_views = TrunkViews(self.database)
        self.drafts = UnsavedTrunks(
            self.database,
            provisioner=settings.provisioner,
            longest_seconds=settings.verify_wait_seconds,
            clock=clock,
        )
        self.whole_entry = ProvisionedCreation(
            self.database, entry, self.drafts, provisioner=settings.provisioner, clock=clock
        )
        self.trunk_edits = TrunkUpdates(
            self.database,
            self.secrets,
            provisioner=settings.provisioner,
            health_pace=settings.health_pace,
            clock=clock,
        )
        self.numbers = NumberCatalog(self.database, provisioner=settings.provisioner, clock=clock)
        self.runs = RunRequests(self.database, clock=clock)
        self.dry_runs = DryRuns(self.database, self.trunks, self.runs, self.drafts)
        self.own_keys = InstallationKeyring(self.database, self.secrets, clock=clock)
        self.keyed_requests = KeyedRequests(
            self.database, self.own_keys, longest_seconds=settings.verify_wait_seconds, clock=clock
        )
        self.figures = Statistics(self.database, address_rate=settings.address_rate, clock=clock)
        self.pacing = AddressLimits(
            self.database,
            PaceLimits(settings.address_rate, settings.address_burst, settings.address_concurrency),
            clock=clock,
        )
        self.recovery = Recovery(self.database, clock=clock)
        self.provisioning = ProvisionOverview(self.database, provisioner=settings.provisioner)
        self.provision_claims = ProvisionClaims(
            self.database, provisioner=settings.provisioner, egress=settings.fixed_egress, clock=clock
        )
        self.reconciliation = Reconciliation(
            self.database,
            self.secrets,
            provisioner=settings.provisioner,
            egress=settings.fixed_egress,
            interval_seconds=settings.reconcile_interval_seconds,
            clock=clock,
        )
        self.claims = RunClaims(
            self.database,
            policy=settings.policy,
            deadline_seconds=settings.verify_timeout_seconds,
            health_pace=settings.health_pace,
            proof_interval_seconds=settings.proof_interval_seconds,
            clock=clock,
        )
        self.proof = CredentialProofs(
            self.database, interval_seconds=settings.proof_interval_seconds, clock=clock
        )
        self.breaker = Breaker(
            self.database,
            fewest_destinations=settings.breaker_destinations,
            interval_seconds=settings.health_interval_seconds,
            canary_set=bool(settings.canary_targets),
            clock=clock,
        )
        self.liveness = CheckClaims(
            self.database,
            pace=settings.health_pace,
            probe_timeout_seconds=settings.check_timeout_seconds,
            clock=clock,
        )
        self.health_results = CheckResults(
            self.database,
            self.breaker,
            policy=settings.policy,
            pace=settings.health_pace,
            lease_seconds=self.liveness.lease_seconds,
            clock=clock,
        )

    def close(self) -> None:
        self.database.close()


def prepare(settings: Settings) -> None:
    """Make the data directory, the current schema and the key file where they are missing.

    Raises DataDirUnusable, KeysUnusable, StoreUnavailable.
    """
    if settings.database_url is None or settings.secret_keys is None:
        _make_data_dir(settings.data_dir)
    database = Database(settings.store_url)
    try:
        migrate(database)
        if settings.secret_keys is None and not (settings.data_dir / KEY_FILE_NAME).exists():
            _make_keys(settings.data_dir, database)
    finally:
        database.close()


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
