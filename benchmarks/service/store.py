"""The store and the broker of a service that is measured, in either form, and the settings that name them."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.peers.postgres import POSTGRES, postgres_server
from benchmarks.peers.redis import REDIS, redis_server
from trunks.installation.installation import Installation, prepare
from trunks.installation.settings import PREFIX, load_settings

SERVERS = (POSTGRES, REDIS)

_SECRET_KEYS = f"k1:{'A' * 43}="
_ENVIRONMENT_NAME = "bench"
_REQUESTS_PER_MINUTE = 1_000_000

# All trunks are at one address, and nothing is to happen beside what is measured: no pacing, no schedule.
_LABORATORY = {
    "allow_networks": "127.0.0.0/8",
    "address_rate": "0",
    "knocks": "0",
    "address_concurrency": "0",
    "health_interval_seconds": "86400",
    "proof_interval_seconds": "31536000",
}


class Form(StrEnum):
    """The two forms of the service (docs/design/architecture.md)."""

    EMBEDDED = "embedded"
    SCALED = "PostgreSQL and Redis"


@dataclass(frozen=True, slots=True)
class Store:
    """`environment` is that of every process of the service; `server_pids` are its servers' processes."""

    form: Form
    folder: Path
    environment: Mapping[str, str]
    server_pids: tuple[int, ...]
    installation: Installation
    token: str


def left_out() -> tuple[str, ...]:
    """Name the servers that the scaled form needs and that are not installed."""
    return tuple(server.name for server in SERVERS if not server.installed)


@contextmanager
def open_store(form: Form, **settings: str) -> Iterator[Store]:
    """Make an empty store with one tenant; `settings` go before the laboratory's own. Raises ProgramFailed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trunks-bench-")))
        # PostgreSQL's own user has to pass.
        folder.chmod(0o711)
        given = {**_LABORATORY, "data_dir": str(folder / "var"), **settings}
        pids: tuple[int, ...] = ()
        if form is Form.SCALED:
            postgres = stack.enter_context(postgres_server(folder))
            redis = stack.enter_context(redis_server(folder))
            pids = (postgres.pid, redis.pid)
            given |= {"database_url": postgres.url, "broker_url": redis.url, "secret_keys": _SECRET_KEYS}
        installation = _open(given)
        stack.callback(installation.close)
        installation.tenancy.tenants.create_environment(
            _ENVIRONMENT_NAME, requests_per_minute=_REQUESTS_PER_MINUTE
        )
        token = installation.tenancy.tenants.create_token(_ENVIRONMENT_NAME)
        yield Store(form, folder, _environment(given), pids, installation, token)


def _open(given: Mapping[str, str]) -> Installation:
    settings = load_settings(_env_file=None, **given)
    prepare(settings)
    return Installation(settings)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """Give the settings as a process takes them, without those of whoever measures."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return others | {f"{PREFIX}{name.upper()}": value for name, value in given.items()}
