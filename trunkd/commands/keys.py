"""`trunkd keys rotate`."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import typer

from trunkd.faults import faults_in_one_line
from trunks.errors import InstallationFault
from trunks.installation.installation import open_database, read_keys
from trunks.installation.key_check import require_own_keys
from trunks.installation.key_rotation import KeyRotation, Rotated
from trunks.installation.logs import configure_logs
from trunks.installation.settings import Settings, load_settings
from trunks.secrets.keys import KEY_FILE_NAME, new_key, read_key_file, replace_key_file
from trunks.secrets.secret_box import SecretBox
from trunks.store.database import Database
from trunks.store.schema import require_current

key_commands = typer.Typer(help="The keys that stored secrets are encrypted under.", no_args_is_help=True)


class RotationRuns(InstallationFault):
    """Another rotation of these keys is at work."""


class SecretsUnreadable(InstallationFault):
    """Some stored secrets open with none of the keys at hand."""


@key_commands.command("rotate")
def rotate() -> None:
    """Make a new key where the keys are in the data directory, and encrypt every stored secret under the newest."""
    with faults_in_one_line():
        configure_logs()
        settings = load_settings()
        with closing(open_database(settings)) as database:
            require_current(database)
            require_own_keys(database, SecretBox(read_keys(settings)))
            rotated = _rotate(settings, database)
        newest = read_keys(settings)[0].id
        print(f"{rotated.resealed} secrets were encrypted anew; the newest key is {newest}.")
        print(f"Keys that stored secrets need: {', '.join(sorted(rotated.keys_in_use)) or 'none'}.")
        if rotated.unreadable:
            raise SecretsUnreadable(
                f"{rotated.unreadable} secrets open with none of the keys at hand, and were left as they are; "
                "add the key they were encrypted under, and rotate again."
            )


def _rotate(settings: Settings, database: Database) -> Rotated:
    if settings.secret_keys is not None:
        return KeyRotation(database, SecretBox(read_keys(settings))).reseal_all()
    with _alone(settings.data_dir):
        keys = read_key_file(settings.data_dir)
        used = KeyRotation(database, SecretBox(keys)).keys_in_use()
        fresh = new_key([*(key.id for key in keys), *used])
        # Old ones stay: a backup may need them, and a process that has not met the new one yet seals under them.
        replace_key_file(settings.data_dir, (fresh, *keys))
        return KeyRotation(database, SecretBox(read_key_file(settings.data_dir))).reseal_all()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second rotation out: the later file would lack the earlier one's key."""
    read_key_file(folder)  # says what is wrong with it, before its lock would
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise RotationRuns(
            f"Another rotation of {folder / KEY_FILE_NAME} is at work; wait for its end."
        ) from error
    finally:
        os.close(descriptor)
