"""The index of decisions names each record by its number and title."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"


def test_the_index_is_complete() -> None:
    records = sorted(FOLDER.glob("[0-9]*.md"))
    told = re.findall(
        r"^\| (\d+) \| \[(.+)\]\(([\w-]+\.md)\) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE
    )
    assert told == [(*_title(record), record.name) for record in records]
    assert [int(number) for number, _, _ in told] == list(range(1, len(records) + 1))


def _title(record: Path) -> tuple[str, str]:
    found = re.match(r"# (\d+)\. (.+)", record.read_text(encoding="utf-8"))
    assert found is not None, record.name
    return found[1], found[2]
