"""trunkd with its settings in the environment, in either form."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest

from sipcheck.transport.system_roots import shared_context
from tests.peers.ports import free_port
from tests.peers.udp_peer import UdpPeer
from tests.trunkd.daemon import Trunkd
from tests.trunks.forms import SECRET_KEYS, without_settings

__all__ = ["without_settings"]

Start = Callable[..., Trunkd]


@pytest.fixture
def scaled_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the settings of an empty PostgreSQL and Redis."""
    return {
        "TRUNKS_DATABASE_URL": request.getfixturevalue("postgres_url"),
        "TRUNKS_BROKER_URL": request.getfixturevalue("redis_server").url,
        "TRUNKS_SECRET_KEYS": SECRET_KEYS,
    }


@pytest.fixture(params=["embedded", "scaled"])
def form_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give the settings of either form."""
    if request.param == "embedded":
        return {}
    environment: dict[str, str] = request.getfixturevalue("scaled_environment")
    return environment


def name_server(query: bytes) -> list[bytes]:
    """Answer that there is no such name: that a server answers is all that is asked."""
    return [query[:2] + b"\x81\x83" + query[4:]]


@pytest.fixture
def nameservers() -> Iterator[dict[str, str]]:
    with UdpPeer(name_server) as peer:
        yield {"TRUNKS_NAMESERVERS": f"{peer.address}:{peer.port}", "TRUNKS_SIP_SOURCE_ADDRESS": "127.0.0.1"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start processes of trunkd."""
    with ExitStack() as stack:

        def run(*arguments: str, **environment: str) -> Trunkd:
            return stack.enter_context(Trunkd(*arguments, folder=tmp_path, environment=environment))

        yield run


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def http(port: int) -> Iterator[httpx.Client]:
    """Give a client of the port that the test's trunkd listens at."""
    # Else each client would read the system's roots, which no test needs.
    roots = shared_context(ssl.create_default_context)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=roots) as client:
        yield client


@pytest.fixture
def is_ready(http: httpx.Client) -> Callable[[], bool]:
    """Tell whether all parts answer."""
    return partial(all_parts_answer, http)


def all_parts_answer(http: httpx.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False
