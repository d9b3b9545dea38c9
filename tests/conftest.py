"""Fixtures that start the real peers; one that is not installed fails its tests (tests.peers.programs)."""

import gc
import logging
import os
import random
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.fuzzing import register_profiles
from tests.marks import is_left_out, is_slow, is_story, needs_peers
from tests.peers.certificates import Certificates
from tests.peers.kamailio import Kamailio, KamailioSettings
from tests.peers.ports import give_ports_back
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
from tests.trunkd.warm_start import end_waiting_interpreter
from tests.turns import is_for_the_long_run
from trunks.store.database import Database
from trunks.store.schema import migrate

# A shell's background job inherits an interrupt that is ignored, and would hand it on to what the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
register_profiles()
share_compiled_statements()
# Where `rich` is installed structlog draws a traceback as panels with local variables: seconds of CPU for each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# By Python's own 700 the search for garbage was a twentieth of the processor time.
_OBJECTS_BETWEEN_COLLECTIONS = 5000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shuffle", type=int, metavar="SEED", help="run the tests in the order of this seed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import nothing of which every test would be left out: each process would, before its first test."""
    path = collection_path.relative_to(config.rootpath).as_posix() + "/" * collection_path.is_dir()
    return True if is_left_out(path, config.option.markexpr) else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Mark what needs a peer or long, before tests are chosen by their marks; order or shuffle what was chosen."""
    for item in items:
        if needs_peers(item):
            item.add_marker(pytest.mark.peers)
        if is_slow(item.nodeid):
            item.add_marker(pytest.mark.slow)
        if is_story(item.nodeid):
            item.add_marker(pytest.mark.story)
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
    """Collect no garbage meanwhile, and never again look through what is loaded by the end: it stays.

    Neither does pytest at the end of the run, which looks for what the tests left behind.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
        gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def pytest_unconfigure() -> None:
    give_ports_back()
    end_waiting_interpreter()


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
def _postgres_databases(_postgres_session: PostgresServer) -> Iterator[PostgresDatabases]:
    template = _again(_postgres_session).create_database()
    database = Database(template)
    migrate(database)
    database.close()
    with closing(PostgresDatabases(_postgres_session, template)) as databases:
        yield databases


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
