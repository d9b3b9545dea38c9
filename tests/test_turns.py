"""Each row of a table is met by one engine in every run, and each engine meets every other row."""

import pytest

from tests.turns import others_turn


@pytest.mark.parametrize(("fields", "values"), [(1, 1), (2, 1), (4, 1), (5, 1), (3, 2), (2, 4)])
@pytest.mark.parametrize("name", ["test_one", "test_three"])
def test_rows_take_turns(name: str, fields: int, values: int) -> None:
    rows = [(field, value) for field in range(fields) for value in range(values)]
    run = [
        (row, engine)
        for row in rows
        for engine in range(2)
        if not others_turn(name, {"field": row[0], "value": row[1], "store_settings": engine}, len(rows))
    ]
    assert [row for row, _ in run] == rows
    assert len({engine for _, engine in run}) == min(2, len(rows))


def test_those_of_one_row_have_it_on_either_engine() -> None:
    names = [f"test_{number}" for number in range(100)]
    on_the_first = [name for name in names if not others_turn(name, {"form_settings": 0}, 1)]
    assert 30 < len(on_the_first) < 70
    assert all(others_turn(name, {"form_settings": 1}, 1) for name in on_the_first)


def test_what_has_one_engine_is_run_whole() -> None:
    assert not any(others_turn(f"test_{row}", {"row": row}, 100) for row in range(100))
