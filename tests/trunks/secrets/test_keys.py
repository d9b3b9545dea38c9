"""The key file."""

import stat
from pathlib import Path

import pytest

from trunks.errors import DataDirUnusable, KeysUnusable
from trunks.secrets.keys import KEY_FILE_NAME, make_key_file, parse_keys, read_key_file


def test_a_made_key_is_read_again_and_is_private(tmp_path: Path) -> None:
    make_key_file(tmp_path)
    (key,) = read_key_file(tmp_path)
    assert len(key.material) == 32
    assert stat.S_IMODE((tmp_path / KEY_FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE_NAME]


def test_a_key_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    make_key_file(tmp_path)
    first = read_key_file(tmp_path)
    make_key_file(tmp_path)
    assert read_key_file(tmp_path) == first


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    make_key_file(tmp_path)
    (tmp_path / KEY_FILE_NAME).chmod(0o644)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        read_key_file(tmp_path)


def test_a_missing_key_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeysUnusable, match="trunkd migrate"):
        read_key_file(tmp_path)


def test_a_damaged_key_file_is_refused_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / KEY_FILE_NAME
    path.write_text("k1:c2VjcmV0")
    path.chmod(0o600)
    with pytest.raises(KeysUnusable) as fault:
        read_key_file(tmp_path)
    assert "c2VjcmV0" not in str(fault.value)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataDirUnusable):
        make_key_file(tmp_path / "missing")


def test_a_key_shows_no_material(tmp_path: Path) -> None:
    (key,) = parse_keys("k1:" + "A" * 43 + "=")
    assert repr(key) == "SecretKey(id='k1')"
