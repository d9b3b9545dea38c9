"""Migrations on both engines."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.trunks.forms import Store
from trunks.errors import SchemaOutdated, SchemaUnknown
from trunks.installation.settings import Settings
from trunks.models.base import Base
from trunks.store.database import Database
from trunks.store.schema import known_revisions, migrate, require_current


@pytest.fixture
def database(store_settings: Settings) -> Iterator[Database]:
    store_settings.data_dir.mkdir()
    database = Database(store_settings.store_url)
    yield database
    database.close()


def test_an_empty_database_is_outdated_until_migrated(database: Database) -> None:
    with pytest.raises(SchemaOutdated, match="trunkd migrate"):
        require_current(database)
    migrate(database)
    require_current(database)


def test_a_newer_schema_is_refused(database: Database) -> None:
    migrate(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for ask in (require_current, migrate):
        with pytest.raises(SchemaUnknown, match="9999"):
            ask(database)


def test_the_names_of_the_files_are_the_line_of_the_migrations() -> None:
    """Nobody loads them to learn which schema is the current one."""
    with as_file(files("trunks.migrations")) as folder:
        scripts = ScriptDirectory(str(folder))
        assert [script.revision for script in scripts.walk_revisions()] == list(reversed(known_revisions()))
        assert scripts.get_heads() == [known_revisions()[-1]]


def test_several_may_migrate_at_once(database: Database, store_settings: Settings) -> None:
    others = [Database(store_settings.store_url) for _ in range(3)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [database, *others]))
    for other in others:
        other.close()
    require_current(database)


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    migrate(database)
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("column", ["is_verified", "health_down", "wanted"])
def test_is_active_cannot_be_stored_against_the_rule(store: Store, column: str) -> None:
    trunk = store.make_trunk()
    with store.installation.database.write() as session:
        session.execute(text("UPDATE trunks SET wanted = true, is_verified = true, is_active = true"))
    with pytest.raises(IntegrityError, match="is_active_follows"):  # noqa: SIM117
        with store.installation.database.write() as session:
            session.execute(text(f"UPDATE trunks SET {column} = NOT {column}"))  # noqa: S608
    assert store.trunk(trunk.id).is_active
