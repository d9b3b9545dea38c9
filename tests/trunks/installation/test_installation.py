"""What a fresh machine gets, and what a damaged one is told."""

import stat
from pathlib import Path

import pytest

from tests.trunks.forms import SECRET_KEYS, HandClock, Store
from trunks.errors import DataDirUnusable, KeysUnusable, SchemaOutdated
from trunks.installation.installation import Installation, prepare
from trunks.installation.settings import load_settings


def test_a_fresh_machine_is_prepared_twice_without_harm(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "a" / "var")
    prepare(settings)
    key = (settings.data_dir / "secret-keys").read_bytes()
    prepare(settings)
    assert (settings.data_dir / "secret-keys").read_bytes() == key
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    Installation(settings).close()


def test_nothing_opens_before_the_schema_is_there(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated):
        Installation(load_settings(data_dir=tmp_path))


def test_a_data_dir_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        DataDirUnusable, match=r"TRUNKS_DATA_DIR: .*file.* cannot be written: Not a directory"
    ):
        prepare(load_settings(data_dir=tmp_path / "file" / "var"))


def test_a_lost_key_file_is_never_replaced_by_a_new_key(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "var")
    prepare(settings)
    store = Store(Installation(settings), HandClock())
    store.make_trunk()
    store.installation.close()
    (settings.data_dir / "secret-keys").unlink()
    with pytest.raises(KeysUnusable, match="restore the file"):
        prepare(settings)


def test_keys_of_the_settings_need_no_file(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "var", secret_keys=SECRET_KEYS)
    prepare(settings)
    store = Store(Installation(settings), HandClock())
    store.make_trunk()
    store.installation.close()
    assert not (settings.data_dir / "secret-keys").exists()
