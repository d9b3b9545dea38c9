"""`trunkd keys rotate`: what was sealed opens all the time, wherever it is broken off (docs/design/service.md)."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.trunkd.daemon import Trunkd, run_trunkd
from tests.trunks.forms import PASSWORD, SECRET_KEYS, HandClock, Store, prepare_cheaply
from trunks.errors import SecretUnreadable
from trunks.ids import new_id
from trunks.installation.installation import Installation
from trunks.installation.settings import load_settings
from trunks.models.trunk import Trunk
from trunks.secrets.keys import KEY_FILE_NAME, read_key_file

MANY = 1500


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    settings = load_settings()
    prepare_cheaply(settings)
    installation = Installation(settings)
    yield Store(installation, HandClock())
    installation.close()


def passwords(store: Store) -> list[str]:
    """Open every password, as a worker that was started before the rotation does."""
    with store.installation.database.read() as session:
        rows = session.query(Trunk).all()
        return [store.installation.secrets.open(row.sealed_password or b"", row.id) for row in rows]


def key_ids_in_use(store: Store) -> set[str]:
    with store.installation.database.read() as session:
        sealed = session.scalars(
            text("SELECT sealed_password FROM trunks UNION ALL SELECT sealed FROM installation_keys")
        ).all()
    return {store.installation.secrets.key_id(each) for each in sealed}


def test_every_secret_is_sealed_under_a_new_key(store: Store, tmp_path: Path) -> None:
    store.make_trunk()
    store.make_trunk()
    frozen = store.installation.tenancy.keys.credential_hash().key("d", "r", "u", "s")
    done = run_trunkd("keys", "rotate", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "3 secrets were encrypted anew; the newest key is k2.\nKeys that stored secrets need: k2.\n"
    )
    assert key_ids_in_use(store) == {"k2"}
    assert passwords(store) == [PASSWORD, PASSWORD]
    file = tmp_path / "var" / KEY_FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [key.id for key in read_key_file(file.parent)] == ["k2", "k1"]
    # Freezes stand: the key that they are named under is the same.
    again = Installation(store.installation.settings)
    assert again.tenancy.keys.credential_hash().key("d", "r", "u", "s") == frozen
    again.close()


def test_a_process_that_was_up_goes_on(store: Store, tmp_path: Path) -> None:
    store.make_trunk()
    assert run_trunkd("keys", "rotate", folder=tmp_path).returncode == 0
    store.make_trunk()  # sealed under the key that this process knows
    assert passwords(store) == [PASSWORD, PASSWORD]  # and now it has met the new one
    store.make_trunk()
    assert key_ids_in_use(store) == {"k1", "k2"}
    assert run_trunkd("keys", "rotate", folder=tmp_path).returncode == 0
    assert key_ids_in_use(store) == {"k3"}
    assert passwords(store) == [PASSWORD] * 3


def new_key_written(store: Store) -> bool:
    return len(read_key_file(store.installation.settings.data_dir)) > 1


def some_sealed_anew(store: Store) -> bool:
    return "k2" in key_ids_in_use(store)


@pytest.mark.parametrize("moment", [new_key_written, some_sealed_anew])
def test_killed_anywhere_it_is_finished_by_the_next(
    store: Store, tmp_path: Path, moment: Callable[[Store], bool]
) -> None:
    first = store.make_trunk()
    with store.installation.database.write() as session:
        for _ in range(MANY):
            _copy(session, store, first)
    with Trunkd("keys", "rotate", folder=tmp_path, environment={}) as rotation:
        while not moment(store) and rotation.running:
            pass
        rotation.kill()
    assert new_key_written(store)
    assert passwords(store) == [PASSWORD] * (MANY + 1)
    assert run_trunkd("keys", "rotate", folder=tmp_path).returncode == 0
    assert key_ids_in_use(store) == {"k3"}
    assert passwords(store) == [PASSWORD] * (MANY + 1)


def _copy(session: Session, store: Store, trunk: Trunk) -> None:
    copy = new_id()
    columns = [
        column.name for column in Trunk.__table__.columns if column.name not in ("id", "sealed_password")
    ]
    names = ", ".join(columns)
    session.execute(
        text(
            f"INSERT INTO trunks (id, sealed_password, {names}) "  # noqa: S608
            f"SELECT :id, :sealed, {names} FROM trunks WHERE id = :trunk"
        ),
        {"id": copy.hex, "sealed": store.installation.secrets.seal(PASSWORD, copy), "trunk": trunk.id.hex},
    )


def test_with_keys_of_the_settings_it_only_encrypts(store: Store, tmp_path: Path) -> None:
    store.make_trunk()
    file = tmp_path / "var" / KEY_FILE_NAME
    old = file.read_text().strip().replace("k1:", "old:")
    with store.installation.database.write() as session:
        sealed = session.scalars(text("SELECT sealed_password FROM trunks")).one()
        session.execute(text("UPDATE trunks SET sealed_password = :s"), {"s": b"\x03old" + sealed[3:]})
    done = run_trunkd("keys", "rotate", folder=tmp_path, TRUNKS_SECRET_KEYS=f"{SECRET_KEYS},{old}")
    assert done.returncode == 0, done.stderr
    assert "1 secrets were encrypted anew; the newest key is k1." in done.stdout
    assert file.read_text().strip() == old.replace("old:", "k1:")


def test_what_no_key_opens_is_told_and_left(store: Store, tmp_path: Path) -> None:
    trunk, other = store.make_trunk(), store.make_trunk(password="another")
    with store.installation.database.write() as session:
        session.get_one(Trunk, trunk.id).sealed_password = other.sealed_password
    done = run_trunkd("keys", "rotate", folder=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("trunkd: 1 secrets open with none of the keys at hand")
    with pytest.raises(SecretUnreadable):
        passwords(store)


def test_without_a_store_it_says_so(tmp_path: Path) -> None:
    done = run_trunkd("keys", "rotate", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "run trunkd migrate" in done.stderr
