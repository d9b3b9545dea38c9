"""Each row of a long table is met by one engine in every run, and each engine meets every other row."""

import pytest

from tests.turns import others_turn


@pytest.mark.parametrize(("fields", "values"), [(4, 1), (5, 1), (3, 2), (2, 4)])
def test_rows_take_turns(fields: int, values: int) -> None:
    rows = [(field, value) for field in range(fields) for value in range(values)]
    run = [
        (row, engine)
        for row in rows
        for engine in range(2)
        if not others_turn({"field": row[0], "value": row[1], "store_settings": engine}, len(rows))
    ]
    assert [row for row, _ in run] == rows
    assert {engine for _, engine in run} == {0, 1}


def test_what_is_short_or_has_one_engine_is_run_whole() -> None:
    assert not any(others_turn({"row": row, "form_settings": 1}, 3) for row in range(3))
    assert not any(others_turn({"row": row}, 100) for row in range(100))
