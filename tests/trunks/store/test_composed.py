"""Statements that are composed once know the types of what is bound to them, whatever was imported before."""

import subprocess
import sys

import pytest

# Until the table that a foreign key leads to is imported the key has no type, and neither has what is compared with it.
_UNTYPED = """
import importlib, sys
from sqlalchemy.sql.base import Executable
from sqlalchemy.types import NullType
module = importlib.import_module(sys.argv[1])
for name, statement in vars(module).items():
    if isinstance(statement, Executable):
        for bound, value in statement.compile().binds.items():
            if isinstance(value.type, NullType):
                print(name, bound)
"""


@pytest.mark.parametrize("module", ["trunks.repositories.trunks", "trunks.repositories.verifications"])
def test_what_is_bound_has_its_type_though_nothing_else_was_imported(module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _UNTYPED, module], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == ""
