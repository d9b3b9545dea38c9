"""The key file."""

import os
import stat
from pathlib import Path

import pytest

from trunks.errors import DataDirUnusable, KeysUnusable
from trunks.secrets.keys import (
    KEY_FILE_NAME,
    make_key_file,
    new_key,
    parse_keys,
    read_key_file,
    replace_key_file,
)


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


# Whom the service may run as where root gives a command; nobody in most systems.
SERVICE = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write a file for another user")
def test_what_root_writes_is_the_services_to_read(tmp_path: Path) -> None:
    """`trunkd keys rotate` by root would else lock the running service out of every password."""
    os.chown(tmp_path, SERVICE, SERVICE)
    make_key_file(tmp_path)
    file = tmp_path / KEY_FILE_NAME

    def owned() -> tuple[int, int, int]:
        found = file.stat()
        return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)

    assert owned() == (SERVICE, SERVICE, 0o600)
    replace_key_file(tmp_path, (new_key(["k1"]), *read_key_file(tmp_path)))
    assert [key.id for key in read_key_file(tmp_path)] == ["k2", "k1"]
    assert owned() == (SERVICE, SERVICE, 0o600)
    # Also where the folder is root's.
    os.chown(tmp_path, 0, 0)
    replace_key_file(tmp_path, read_key_file(tmp_path))
    assert owned() == (SERVICE, SERVICE, 0o600)
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE_NAME]


def test_a_key_file_whose_owner_cannot_be_kept_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key_file(tmp_path)
    before = (tmp_path / KEY_FILE_NAME).read_bytes()

    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refused)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(DataDirUnusable, match="Operation not permitted"):
        replace_key_file(tmp_path, read_key_file(tmp_path))
    assert (tmp_path / KEY_FILE_NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE_NAME]
