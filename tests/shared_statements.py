"""What SQLAlchemy compiled is shared by all databases of one kind that a process of the tests opens.

A process of the product opens one; the tests open hundreds, and compiling the same statements for each was a tenth of
their processor time. Statements are kept by their dialect's identity, so dialects of one class have to be equal.
"""

from typing import Any

from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.util import LRUCache

_KEPT = 4000


def share_compiled_statements() -> None:
    """Let all engines of this process share with those of their kind."""
    shared: dict[type[Dialect], LRUCache[Any, Any]] = {}

    def compiled(engine: Engine) -> LRUCache[Any, Any]:
        return shared.setdefault(type(engine.dialect), LRUCache(_KEPT))

    equal = {"__eq__": lambda one, other: type(one) is type(other), "__hash__": lambda one: hash(type(one))}
    # Every engine sets a cache of its own, which nobody then reads.
    common = {"_compiled_cache": property(compiled, lambda engine, own: None)}
    for owner, attributes in ((PGDialect_psycopg, equal), (SQLiteDialect_pysqlite, equal), (Engine, common)):
        for name, value in attributes.items():
            setattr(owner, name, value)
