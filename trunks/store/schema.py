"""The database's schema: brought to the current one by alembic, and asked whether it is."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.orm import Session

from trunks.errors import SchemaOutdated, SchemaUnknown
from trunks.store.database import Database

_MIGRATION_LOCK = 7_204_118_223  # any number of ours, for PostgreSQL's advisory locks


def migrate(database: Database) -> None:
    """Bring the database to the current schema, all of it or nothing; two at once wait for one another.

    Raises SchemaUnknown, StoreUnavailable.
    """
    with database.write() as session:
        if not database.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        with as_file(files("trunks.migrations")) as folder:
            config = _config(str(folder))
            config.attributes["connection"] = session.connection()
            _require_known(_revision(session), ScriptDirectory.from_config(config))
            command.upgrade(config, "head")


def require_current(database: Database) -> None:
    """Raise SchemaOutdated or SchemaUnknown unless the database has the current schema.

    StoreUnavailable when it does not answer.
    """
    # Asked, SQLite would make an empty file.
    if database.file is not None and not database.file.exists():
        raise SchemaOutdated(f"There is no database at {database.file} yet; run trunkd migrate.")
    with as_file(files("trunks.migrations")) as folder:
        known = ScriptDirectory.from_config(_config(str(folder)))
        wanted = known.get_current_head()
        with database.read() as session:
            found = _revision(session)
        _require_known(found, known)
    if found != wanted:
        raise SchemaOutdated(
            f"The database has schema {found or 'none'}, and this version needs {wanted}; run trunkd migrate."
        )


def _revision(session: Session) -> str | None:
    return MigrationContext.configure(session.connection()).get_current_revision()


def _require_known(found: str | None, known: ScriptDirectory) -> None:
    if found is not None and found not in {script.revision for script in known.walk_revisions()}:
        raise SchemaUnknown(
            f"The database has schema {found}, which this version does not know: a newer version made it. Install "
            "that version again, or restore the backup from before its upgrade."
        )


def _config(folder: str) -> Config:
    config = Config()
    # A percent sign would be taken for an interpolation.
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
