"""Fixtures that start the real peers; one that is not installed fails its tests (tests.peers.programs)."""

import gc
import logging
import os
import random
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.fuzzing import register_profiles
from tests.peers.certificates import Certificates
from tests.peers.kamailio import Kamailio, KamailioSettings
from tests.peers.postgres_databases import PostgresDatabases
from tests.peers.postgres_server import PostgresServer
from tests.peers.programs import PERMISSION
from tests.peers.redis_server import RedisServer
from tests.peers.sipp import Sipp, SippSettings
from tests.peers.tls_server import TlsServer, TlsServerSettings
from tests.peers.udp_peer import Script, UdpPeer
from tests.peers.unbound_server import UnboundServer
from tests.shared_statements import share_compiled_statements
from tests.shares import spread
from tests.turns import is_for_the_long_run
from trunks.store.database import Database
from trunks.store.schema import migrate

register_profiles()
share_compiled_statements()
# Where `rich` is installed structlog draws a traceback as panels with local variables: seconds of CPU for each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# What starts a peer: a test that uses one of these, or one of those with that parameter, is marked `peers`.
PEER_FIXTURES = frozenset(
    {
        "kamailio_factory",
        "sipp_factory",
        "unbound_factory",
        "redis_server",
        "postgres_server",
        "postgres_url",
        "empty_postgres_url",
        "scaled_environment",
    }
)
PEER_PLACES = (
    "tests/benchmarks/test_seed.py",
    "tests/benchmarks/test_service_rows.py",
    "tests/benchmarks/test_sweep_rows.py",
    "tests/peers_smoke/",
    "tests/trunkd/",
)
PEER_PARAMETERS = frozenset(
    {
        ("store_settings", "postgresql"),
        ("form_settings", "scaled"),
        ("form_environment", "scaled"),
        ("counted_in", "redis"),
    }
)

# What waits or computes for long without any peer: ids or their beginnings. Most of what has a store is among them.
SLOW = (
    "tests/api/",
    "tests/sipcheck/carrier/test_calls.py",
    "tests/sipcheck/carrier/test_faults_provoke.py",
    "tests/sipcheck/cli/monitoring/exporter/",
    "tests/sipcheck/cli/monitoring/test_nagios_command.py",
    "tests/sipcheck/cli/test_allowances.py",
    "tests/sipcheck/cli/test_carrier_command.py",
    "tests/sipcheck/cli/test_discover_command.py",
    "tests/sipcheck/cli/test_environment.py",
    "tests/sipcheck/cli/test_hostile_words.py",
    "tests/sipcheck/cli/test_resolve_command.py",
    "tests/sipcheck/cli/test_sweep_command.py",
    "tests/sipcheck/cli/test_verify_command.py",
    "tests/sipcheck/differential/test_messages.py",
    "tests/sipcheck/discovery/test_search.py",
    "tests/sipcheck/engine/test_calls.py",
    "tests/sipcheck/engine/test_credentials_care.py",
    "tests/sipcheck/engine/test_floods.py",
    "tests/sipcheck/engine/test_hostile_zone.py",
    "tests/sipcheck/engine/test_odd_peers.py",
    "tests/sipcheck/engine/test_own_stall.py",
    "tests/sipcheck/engine/test_streams.py",
    "tests/sipcheck/provoked/",
    "tests/sipcheck/sweep/test_hostile_sweeps.py",
    "tests/sipcheck/sweep/test_liveness_question.py",
    "tests/sipcheck/sweep/test_sweep.py",
    "tests/sipcheck/transaction/udp_batch/",
    "tests/sipcheck/transport/test_stream.py::test_a_reset_behind_more_than_one_wake_up_reads_is_seen",
    "tests/sipcheck/transport/test_tls_session.py",
    "tests/sipcheck/verification/calling/test_call.py",
    "tests/sipcheck/verification/calling/test_lying_peers.py",
    "tests/test_readme.py",
    "tests/test_reason_pages.py::test_a_demonstration_gives_what_is_printed",
    "tests/trunks/catalog/test_take_back.py",
    "tests/trunks/health/",
    "tests/trunks/installation/test_installation.py",
    "tests/trunks/people/",
    "tests/trunks/provisions/",
    "tests/trunks/retention/",
    "tests/trunks/runs/",
    "tests/trunks/store/",
    "tests/trunks/voice/test_provision_trunk.py",
    "tests/worker/",
)

# Of each kind among those something is in the fast tests too: the dialects over a store, and the verdicts that hang on
# what the interpreter brings along (`make test-pythons`).
FAST_ALL_THE_SAME = (
    "tests/api/test_create.py",
    "tests/api/test_get.py",
    "tests/api/test_list.py",
    "tests/api/test_three_shapes.py",
    "tests/sipcheck/provoked/test_field_certificates.py",
    "tests/trunks/runs/test_claims.py",
    "tests/trunks/store/test_database.py",
)


def _needs_peers(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    parameters = item.callspec.params.items() if hasattr(item, "callspec") else ()
    if item.path.relative_to(item.config.rootpath).as_posix().startswith(PEER_PLACES):
        return True
    return not PEER_FIXTURES.isdisjoint(item.fixturenames) or any(
        (name, value) in PEER_PARAMETERS for name, value in parameters if isinstance(value, str)
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in the order of this seed")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Mark what needs a peer or long, before tests are chosen by their marks; order or shuffle what was chosen."""
    for item in items:
        if _needs_peers(item):
            item.add_marker(pytest.mark.peers)
        if item.nodeid.startswith(SLOW) and not item.nodeid.startswith(FAST_ALL_THE_SAME):
            item.add_marker(pytest.mark.slow)
        if is_for_the_long_run(item):
            item.add_marker(pytest.mark.long)
    yield
    seed = config.getoption("--shuffle")
    if seed is not None:
        random.Random(seed).shuffle(items)
        return
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if processes > 1:
        items[:] = spread(items, lambda item: item.nodeid.partition("::")[0], processes)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None]:
    """Collect no garbage meanwhile, and never again look through what is loaded by the end: it stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def pytest_unconfigure() -> None:
    gc.unfreeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Keep peers from a test that is not marked: whoever has none would find out only there."""
    PERMISSION.peers = item.get_closest_marker("peers") is not None


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """What a command of the service did to this process's logs is undone: it writes to where the test listens."""
    before, level = structlog.get_config(), logging.root.level
    yield
    if structlog.get_config() != before:
        structlog.configure(**before)
        logging.root.setLevel(level)
        logging.root.handlers[:] = [
            each for each in logging.root.handlers if type(each) is not logging.StreamHandler
        ]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Give the private CA and a certificate of every kind for carrier.example."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def kamailio_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kamailio]]:
    """Start registrars; the arguments are those of KamailioSettings."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Kamailio:
            folder = tmp_path_factory.mktemp("kamailio")
            return stack.enter_context(Kamailio(KamailioSettings(**settings), folder))

        yield start


@pytest.fixture
def sipp_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Sipp]]:
    """Start answering sipps; the arguments are those of SippSettings."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Sipp:
            return stack.enter_context(Sipp(SippSettings(**settings), tmp_path_factory.mktemp("sipp")))

        yield start


@pytest.fixture
def tls_server_factory() -> Iterator[Callable[..., TlsServer]]:
    """Start TLS and TCP peers; the arguments are those of TlsServerSettings."""
    with ExitStack() as stack:

        def start(**settings: Any) -> TlsServer:
            return stack.enter_context(TlsServer(TlsServerSettings(**settings)))

        yield start


@pytest.fixture
def udp_peer_factory() -> Iterator[Callable[..., UdpPeer]]:
    """Start scripted UDP peers."""
    with ExitStack() as stack:

        def start(script: Script, *, address: str = "127.0.0.1") -> UdpPeer:
            return stack.enter_context(UdpPeer(script, address=address))

        yield start


@pytest.fixture
def unbound_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., UnboundServer]]:
    """Start name servers; the arguments are the zone file's lines and the zone."""
    with ExitStack() as stack:

        def start(records: str, *, zone: str = "example.") -> UnboundServer:
            folder: Path = tmp_path_factory.mktemp("unbound")
            return stack.enter_context(UnboundServer(records, folder, zone=zone))

        yield start


@pytest.fixture(scope="session")
def _redis_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(_redis_session: RedisServer) -> RedisServer:
    """Give the session's Redis, running and empty, whatever the test before did to it."""
    if not _redis_session.running:
        _redis_session.start()
    _redis_session.flush()
    return _redis_session


@pytest.fixture(scope="session")
def _postgres_session() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_server(_postgres_session: PostgresServer) -> PostgresServer:
    """Give the session's PostgreSQL, running, whatever the test before did to it."""
    return _again(_postgres_session)


@pytest.fixture(scope="session")
def _postgres_databases(_postgres_session: PostgresServer) -> PostgresDatabases:
    template = _again(_postgres_session).create_database()
    database = Database(template)
    migrate(database)
    database.close()
    return PostgresDatabases(_postgres_session, template)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Give the URL of an empty database that lives as long as the test."""
    url = postgres_server.create_database()
    yield url
    _again(postgres_server).drop_database(url)


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, _postgres_databases: PostgresDatabases) -> Iterator[str]:
    """Give the URL of a database with the current schema and no rows, which is the test's alone."""
    url = _postgres_databases.take()
    yield url
    _again(postgres_server)
    _postgres_databases.give_back(url)


def _again(server: PostgresServer) -> PostgresServer:
    if not server.running:
        server.start()
    return server
