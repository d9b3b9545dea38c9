"""Secrets at rest."""

import pytest

from trunks.errors import SecretUnreadable
from trunks.ids import new_id
from trunks.secrets.keys import SecretKey
from trunks.secrets.secret_box import SecretBox

OLD = SecretKey("2025", bytes(range(32)))
NEW = SecretKey("2026", bytes(range(32, 64)))
PASSWORD = "päss\x00word"


def test_what_is_sealed_opens_for_its_row_alone() -> None:
    box, row = SecretBox([NEW]), new_id()
    sealed = box.seal(PASSWORD, row)
    assert box.open(sealed, row) == PASSWORD
    with pytest.raises(SecretUnreadable):
        box.open(sealed, new_id())


def test_the_key_id_stands_in_front_and_old_keys_still_open() -> None:
    row = new_id()
    sealed = SecretBox([OLD]).seal(PASSWORD, row)
    assert sealed.startswith(b"\x042025")
    both = SecretBox([NEW, OLD])
    assert both.open(sealed, row) == PASSWORD
    assert both.seal(PASSWORD, row).startswith(b"\x042026")


def test_an_unknown_key_is_told() -> None:
    row = new_id()
    with pytest.raises(SecretUnreadable, match="not among those at hand"):
        SecretBox([NEW]).open(SecretBox([OLD]).seal(PASSWORD, row), row)


@pytest.mark.parametrize("damage", [b"", b"\x00", b"\x042026", b"\x042026short"])
def test_damaged_bytes_are_told(damage: bytes) -> None:
    with pytest.raises(SecretUnreadable):
        SecretBox([NEW]).open(damage, new_id())


def test_every_sealing_differs() -> None:
    box, row = SecretBox([NEW]), new_id()
    assert box.seal(PASSWORD, row) != box.seal(PASSWORD, row)


def test_a_key_made_since_is_read_when_it_is_met() -> None:
    row = new_id()
    keys = [OLD]
    box = SecretBox(keys, read_again=lambda: keys)
    keys.insert(0, NEW)
    assert box.key_id(box.seal(PASSWORD, row)) == "2025"
    assert box.open(SecretBox([NEW]).seal(PASSWORD, row), row) == PASSWORD
    assert box.key_id(box.seal(PASSWORD, row)) == "2026"
