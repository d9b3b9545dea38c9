"""The patterns of the product mean the same on every Python that it runs on."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["sipcheck", "trunks", "api", "worker", "trunkd"])
def test_no_group_is_possessive(name: str) -> None:
    """Before 3.11.5 a possessive group kept what its failing alternative had read (CPython issue 106052).

    Debian 12 ships 3.11.2: there a Via's branch ended with the carriage return, and matched no transaction.
    """
    for path in sorted((ROOT / name).rglob("*.py")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert not re.search(r"\)(?:[*+?]|\{[0-9,]*\})\+", line), f"{path}:{number}: {line.strip()}"
