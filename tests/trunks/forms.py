"""The two forms of the service: everything in one process on SQLite, or on PostgreSQL and Redis."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from sipcheck.reasons import CredentialState, Outcome, Party, Reason, WarningCode
from sipcheck.report.model import EdgeReport, Report, ReportWarning, TargetFacts
from sipcheck.target import TransportName
from tests.observed import insist
from tests.peers.postgres_databases import PREPARED
from trunks.catalog.new_trunk import NewGateway, NewTrunk
from trunks.errors import StoreBusy
from trunks.installation.installation import Installation, prepare
from trunks.installation.settings import DATABASE_FILE_NAME, Settings, load_settings
from trunks.models.flip import Flip
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.provisions.requests import ProvisionRequests
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.recovery import Return
from trunks.runs.results import RunResult
from trunks.runs.sending import CredentialKeys, Departure, Intent
from trunks.secrets.keys import make_key_file
from trunks.store.database import Database
from trunks.store.schema import migrate
from trunks.tenancy.tenants import Caller
from trunks.voice.provisioner import ProvisionerName

SECRET_KEYS = "k1:" + "A" * 43 + "="
PASSWORD = "correct horse battery"
STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the settings and the .env of whoever runs the tests out of them."""
    for name in list(os.environ):
        if name.startswith(("TRUNKS_", "LIVEKIT_")):
            monkeypatch.delenv(name)
    # All peers are on loopback; tests/worker/test_knocks.py has the limits on.
    monkeypatch.setenv("TRUNKS_KNOCKS", "0")
    monkeypatch.chdir(tmp_path)


def _settings(folder: Path, **given: Any) -> Settings:
    """Read the settings once for all tests that give the same: reading them takes longer than many a test."""
    named = frozenset(item for item in os.environ.items() if item[0].startswith(("TRUNKS_", "LIVEKIT_")))
    return _read_settings(frozenset(given.items()), named).model_copy(update={"data_dir": folder / "var"})


@cache
def _read_settings(given: frozenset[tuple[str, Any]], _: frozenset[tuple[str, str]]) -> Settings:
    return load_settings(**dict(given))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give the settings of an empty store on either engine; carriers of the tests have documentation's addresses."""
    given: dict[str, Any] = {"allow_networks": "198.51.100.0/24,2001:db8::/32"}
    if request.param == "postgresql":
        given["database_url"] = request.getfixturevalue("postgres_url")
        given["secret_keys"] = SECRET_KEYS
    return _settings(tmp_path, **given)


@pytest.fixture(params=["embedded", "scaled"])
def form_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give the settings of either form of the service."""
    given: dict[str, Any] = {
        "allow_networks": "127.0.0.0/8",
        "verify_timeout_seconds": 3.0,
        # All peers are on one address; tests/worker/test_pacing.py has the limits on.
        "address_rate": 0.0,
        "address_concurrency": 0,
    }
    if request.param == "scaled":
        given["database_url"] = request.getfixturevalue("postgres_url")
        given["broker_url"] = request.getfixturevalue("redis_server").url
        given["secret_keys"] = SECRET_KEYS
    return _settings(tmp_path, **given)


@dataclass
class HandClock:
    """A clock that goes when it is told to."""

    now: datetime = STARTED

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Store:
    """An installation with a tenant, and a look behind its services."""

    installation: Installation
    clock: HandClock
    tenant: str = "acme"
    caller: Caller = field(init=False)
    _claiming: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        tenants = self.installation.tenancy.tenants
        tenants.create_environment(self.tenant)
        caller = tenants.authenticate(tenants.create_token(self.tenant))
        assert caller is not None
        self.caller = caller

    def make_trunk(self, **given: Any) -> Trunk:
        """Enter a trunk; `domain`, `port` and `transport` are its gateway's, unless `gateways` are given."""
        gateway: dict[str, Any] = {
            "host": given.pop("domain", "sip.carrier.example"),
            "port": given.pop("port", 5060),
            "transport": given.pop("transport", TransportName.UDP),
        }
        values: dict[str, Any] = {
            "name": "Primary",
            "provider_name": "carrier-x",
            "gateways": (NewGateway(**gateway),),
            "username": "alice",
            "password": PASSWORD,
        }
        return self.installation.catalog.trunks.create(self.caller, NewTrunk(**(values | given)))

    def provision(self, trunk_id: UUID) -> bool:
        """Ask for a trunk's sides, as its creation does; false where nothing provisions."""
        with self.installation.database.write() as session:
            requests = ProvisionRequests(session, self.installation.settings.provisioner)
            return requests.request(trunk_id, self.installation.clock())

    def provision_changes(self, trunk_id: UUID) -> bool:
        """Ask for what differs, as an edit does; false where nothing is provisioned."""
        with self.installation.database.write() as session:
            requests = ProvisionRequests(session, self.installation.settings.provisioner)
            return requests.changed(trunk_id, self.installation.clock())

    def trunk(self, trunk_id: UUID) -> Trunk:
        return self.installation.catalog.trunks.get(self.caller, trunk_id)

    def run(self, trunk_id: UUID, verification_id: UUID) -> Verification:
        return self.installation.runs.requests.get(self.caller, trunk_id, verification_id)

    def claim(self, verification_id: UUID) -> ClaimedRun | None:
        """Claim this run as a worker does, and leave what else was due."""
        with self._claiming:
            claims = self.installation.runs.claims.claim(limit=1000).runs
            for each in claims:
                if each.verification_id != verification_id:
                    self.put_off(each, seconds=0)
        return next((each for each in claims if each.verification_id == verification_id), None)

    def send(self, claim: ClaimedRun, keys: CredentialKeys) -> bool:
        """Record that credentials leave. Raises CredentialsFrozen, CredentialsClaimed."""
        (answer,) = self.installation.runs.claims.send_credentials([Departure(claim, keys)])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def frozen_until(
        self, claim: ClaimedRun, account_key: str, configured_key: str | None
    ) -> datetime | None:
        """Ask what stands against a run. Raises RunPostponed."""
        (answer,) = self.installation.runs.claims.standing(
            [Intent(account_key, configured_key, claim.explicit)]
        )
        if isinstance(answer, Exception):
            raise answer
        return answer

    def finish(self, claim: ClaimedRun, report: Report, realms: tuple[str, ...] = ()) -> bool:
        """Record what a run came to, waiting for whoever else writes to its trunk."""
        while True:
            (answer,) = insist(self.installation.runs.claims.finish, [RunResult(claim, report, realms)])
            if not isinstance(answer, StoreBusy):
                return answer

    def break_off(self, claim: ClaimedRun) -> bool:
        """Give a run back as a worker that stops does."""
        return self.installation.runs.recovery.give_back([Return(claim)])[0]

    def put_off(self, claim: ClaimedRun, *, seconds: float) -> bool:
        """Give a run back whose turn has not come."""
        return self.installation.runs.recovery.give_back([Return(claim, seconds)])[0]

    def runs(self, trunk_id: UUID) -> list[Verification]:
        return list(self.installation.runs.requests.page(self.caller, trunk_id, limit=100))

    def flips(self, trunk_id: UUID) -> list[Flip]:
        with self.installation.database.read() as session:
            found = session.query(Flip).filter(Flip.trunk_id == trunk_id).order_by(Flip.id).all()
            session.expunge_all()
            return found

    def edit(self, trunk_id: UUID) -> None:
        """Raise the generation, as an edit of what a verification depends on does."""
        with self.installation.database.write() as session:
            session.get_one(Trunk, trunk_id).generation += 1


# A voice infrastructure that is set and does not answer; a test plays the worker that keeps the sides.
LIVEKIT_AWAY: dict[str, Any] = {
    "provisioner": ProvisionerName.LIVEKIT,
    "livekit_url": "http://127.0.0.1:9",
    "livekit_api_key": "key",
    "livekit_api_secret": SecretStr("a secret of at least thirty-two bytes"),
}


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the database of a prepared installation: to copy its folder is cheaper than to prepare one."""
    folder = tmp_path_factory.mktemp("template") / "var"
    _write_prepared(folder)
    return folder / DATABASE_FILE_NAME


def prepare_from(sqlite_template: Path, settings: Settings) -> None:
    """Prepare an installation; a new one on SQLite begins as a copy of the template's, keys and all.

    What PostgresDatabases gives to a test has the current schema.
    """
    if _is_new_on_sqlite(settings):
        shutil.copytree(sqlite_template.parent, settings.data_dir)
    elif settings.secret_keys is None or settings.store_url not in PREPARED:
        prepare(settings)


def prepare_cheaply(settings: Settings) -> None:
    """Prepare an installation as `prepare_from` does, where no fixture is at hand."""
    if _is_new_on_sqlite(settings):
        _write_prepared(settings.data_dir)
    else:
        prepare(settings)


def _is_new_on_sqlite(settings: Settings) -> bool:
    return not (settings.database_url or settings.secret_keys or settings.data_dir.exists())


def _write_prepared(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True)
    for name, content in _prepared_files().items():
        (folder / name).touch(0o600)
        (folder / name).write_bytes(content)


@cache
def _prepared_files() -> Mapping[str, bytes]:
    """Make the database and the keys of an installation, once for each process of the tests."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / DATABASE_FILE_NAME}")
        migrate(database)
        database.close()
        make_key_file(folder)
        return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def make_store(sqlite_template: Path) -> Iterator[Callable[[Settings], Store]]:
    """Open installations, and close them."""
    with ExitStack() as stack:

        def make(settings: Settings) -> Store:
            prepare_from(sqlite_template, settings)
            clock = HandClock()
            installation = Installation(settings, clock=clock)
            stack.callback(installation.close)
            return Store(installation, clock)

        yield make


@pytest.fixture
def store(make_store: Callable[[Settings], Store], store_settings: Settings) -> Store:
    """Give an installation on either engine, with one tenant and a clock of its own."""
    return make_store(store_settings)


def make_report(
    outcome: Outcome = Outcome.VERIFIED,
    reason: Reason = Reason.CREDENTIALS_PROVEN,
    *,
    credentials: CredentialState = CredentialState.PROVEN,
    party: Party = Party.NOBODY,
    some_dead: bool = False,
    summary: str = "The trunk works.",
) -> Report:
    """Make a report as the engine would, of the parts that the store looks at."""
    warnings = (ReportWarning(WarningCode.EDGE_DOWN, "192.0.2.2 does not answer", None),) if some_dead else ()
    return Report(
        outcome=outcome,
        reason=reason,
        party=party,
        credentials=credentials,
        summary=summary,
        advice="",
        retry_at=None,
        target=TargetFacts("sip.carrier.example", 5060, "udp", "alice", None),
        checks=(),
        warnings=warnings,
        edges=(),
        trace=(),
        started_at=STARTED,
        duration_ms=12.5,
    )


def with_edge(report: Report, status: int) -> Report:
    """Put the edge into a report that answered with this SIP status."""
    edge = EdgeReport(
        host="sip.carrier.example",
        address="192.0.2.1",
        port=5061,
        transport="tls",
        priority=None,
        weight=None,
        outcome=report.outcome,
        reason=report.reason,
        sip_status=status,
        sip_reason="No",
        server=None,
        rtt_ms=1.0,
        retransmissions=0,
        retry_after_seconds=None,
        defects=(),
        local_address=None,
        received_address=None,
        certificate=None,
    )
    return replace(report, edges=(edge,))
