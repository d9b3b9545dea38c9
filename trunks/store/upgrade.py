"""The way to the current schema, walked by alembic."""

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Run what lies between the database's schema and the current one, inside the connection's transaction."""
    with as_file(files("trunks.migrations")) as folder:
        config = Config()
        # A percent sign would be taken for an interpolation.
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
