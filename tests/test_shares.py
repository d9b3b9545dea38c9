"""Every test is run once, and what takes longest is begun first."""

import pytest

from tests.shares import LONG_FILES, spread

SHORT = [f"tests/test_{number}.py" for number in range(100)]


@pytest.mark.parametrize("processes", [1, 2, 6])
def test_every_second_share_begins_with_what_takes_longest(processes: int) -> None:
    items = [*SHORT[:50], *sorted(LONG_FILES * 2), *SHORT[50:]]
    ordered = spread(items, str, processes)
    assert sorted(ordered) == sorted(items)
    assert [name for name in ordered if name in SHORT] == SHORT
    heads = [ordered[len(items) * process // processes] for process in range(processes)]
    assert heads[::2] == list(LONG_FILES[: (processes + 1) // 2])
    assert all(name in SHORT for name in heads[1::2])


def test_more_processes_than_tests() -> None:
    assert spread(["a", "b"], str, 4) == ["a", "b"]
    assert spread([], str, 4) == []


def test_the_files_are_there(pytestconfig: pytest.Config) -> None:
    assert [name for name in LONG_FILES if not (pytestconfig.rootpath / name).is_file()] == []
