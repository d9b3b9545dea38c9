"""A store with a tenant for processes to be started on, made without a process for each command.

The commands themselves are tests/trunkd/test_commands.py's.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.trunks.forms import prepare_cheaply
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings, load_settings


@contextmanager
def installed(folder: Path, environment: Mapping[str, str]) -> Iterator[Installation]:
    """Prepare the store that trunkd finds with this environment in this folder, and open it."""
    installation = Installation(prepare_store(folder, environment))
    try:
        yield installation
    finally:
        installation.close()


def prepare_store(folder: Path, environment: Mapping[str, str]) -> Settings:
    """Do what `trunkd migrate` would with this environment in this folder."""
    settings = load_settings(
        data_dir=folder / "var",
        database_url=environment.get("TRUNKS_DATABASE_URL"),
        secret_keys=environment.get("TRUNKS_SECRET_KEYS"),
    )
    prepare_cheaply(settings)
    return settings


def make_token(folder: Path, environment: Mapping[str, str], *, tenant: str = "acme") -> str:
    """Prepare the store, make a tenant in it, and give a token of his."""
    with installed(folder, environment) as installation:
        installation.tenancy.tenants.create_environment(tenant)
        return installation.tenancy.tenants.create_token(tenant)
