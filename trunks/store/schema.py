"""The database's schema: brought to the current one, and asked whether it is.

Every process asks at its start, and nearly always the schema is the current one: what that costs is one question, and
neither alembic nor the migrations are loaded.
"""

from functools import cache
from importlib.resources import files

from sqlalchemy import Connection, inspect, text

from trunks.errors import SchemaOutdated, SchemaUnknown
from trunks.store.database import Database

_MIGRATION_LOCK = 7_204_118_223  # any number of ours, for PostgreSQL's advisory locks
# The first was named by its number alone.
_FIRST = {"r0001": "0001"}


def migrate(database: Database) -> None:
    """Bring the database to the current schema, all of it or nothing; two at once wait for one another.

    Raises SchemaUnknown, StoreUnavailable.
    """
    with database.write() as session:
        if not database.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        connection = session.connection()
        found = _revision(connection)
        _require_known(found)
        if found == known_revisions()[-1]:
            return
        # alembic takes as long to load as a third of the rest.
        from trunks.store.upgrade import upgrade

        upgrade(connection)


def require_current(database: Database) -> None:
    """Raise SchemaOutdated or SchemaUnknown unless the database has the current schema.

    StoreUnavailable when it does not answer.
    """
    # Asked, SQLite would make an empty file.
    if database.file is not None and not database.file.exists():
        raise SchemaOutdated(f"There is no database at {database.file} yet; run trunkd migrate.")
    with database.read() as session:
        found = _revision(session.connection())
    _require_known(found)
    wanted = known_revisions()[-1]
    if found != wanted:
        raise SchemaOutdated(
            f"The database has schema {found or 'none'}, and this version needs {wanted}; run trunkd migrate."
        )


@cache
def known_revisions() -> tuple[str, ...]:
    """Read the schemas that this version knows off the names of their files, oldest first."""
    folder = files("trunks.migrations") / "versions"
    names = sorted(file.name.partition("_")[0] for file in folder.iterdir() if file.name.startswith("r"))
    return tuple(_FIRST.get(name, name) for name in names)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _require_known(found: str | None) -> None:
    if found is not None and found not in known_revisions():
        raise SchemaUnknown(
            f"The database has schema {found}, which this version does not know: a newer version made it. Install "
            "that version again, or restore the backup from before its upgrade."
        )
