"""Questions of many coroutines, answered by one transaction (docs/design/queue.md, "Groups")."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from tests.observed import until
from tests.trunks.forms import Store
from trunks.errors import StoreBusy, StoreUnavailable
from trunks.store.database import LOCK_WAIT_MS
from trunks.store.grouped import LOCKED_AT_MOST_SECONDS, Grouped, gathered_seconds

Answers = Sequence[int | Exception]


class Asked:
    """Answers an item with its double, and keeps the groups."""

    def __init__(self, faulty: Callable[[Sequence[int]], Exception | None] = lambda items: None) -> None:
        self.groups: list[list[int]] = []
        self._faulty = faulty

    def __call__(self, items: Sequence[int]) -> Answers:
        self.groups.append(list(items))
        error = self._faulty(items)
        if error is not None:
            raise error
        return [2 * item for item in items]


def grouped(
    answer_all: Callable[[Sequence[int]], Answers],
    *,
    alone: bool = False,
    locked_at_most_seconds: float = LOCKED_AT_MOST_SECONDS,
) -> Grouped[int, int]:
    return Grouped(answer_all, alone=lambda: alone, locked_at_most_seconds=locked_at_most_seconds)


async def ask_all(questions: Grouped[int, int], count: int) -> list[Any]:
    return await asyncio.gather(*(questions.ask(each) for each in range(count)), return_exceptions=True)


async def test_those_who_ask_together_are_answered_together() -> None:
    asked = Asked()
    assert await ask_all(grouped(asked), 30) == [2 * each for each in range(30)]
    assert asked.groups == [list(range(30))]


async def test_a_group_has_a_hundred_members_at_most() -> None:
    asked = Asked()
    await ask_all(grouped(asked), 250)
    assert [len(group) for group in asked.groups] == [100, 100, 50]


async def test_who_asks_while_the_turn_is_waited_for_comes_along() -> None:
    asked, busy, waited_for = Asked(), threading.Lock(), threading.Event()

    @contextmanager
    def turn() -> Iterator[None]:
        waited_for.set()
        with busy:
            yield

    questions = Grouped(asked, gather_seconds=0.0, turn=turn)
    with busy:
        first = asyncio.ensure_future(questions.ask(1))
        await until(waited_for.is_set)
        second = asyncio.ensure_future(questions.ask(2))
        await asyncio.sleep(0)
    assert [await first, await second] == [2, 4]
    assert asked.groups == [[1, 2]]


GATHERED = (
    # gather, what a transaction takes, in seconds: how long they are gathered
    (0.003, 0.0, 0.003),
    (0.003, 0.002, 0.003),
    (0.003, 0.008, 0.008),
    (0.003, 5.0, 0.015),
    (0.0, 5.0, 0.0),
)


@pytest.mark.parametrize(("gather", "takes", "gathered_for"), GATHERED)
def test_they_are_gathered_for_as_long_as_a_transaction_takes(
    gather: float, takes: float, gathered_for: float
) -> None:
    assert gathered_seconds(gather, takes) == pytest.approx(gathered_for)


async def test_whoever_is_alone_waits_for_nobody() -> None:
    assert await Grouped(Asked(), alone=lambda: True, gather_seconds=60.0).ask(4) == 8


async def test_who_comes_alone_as_the_one_before_waits_for_nobody_and_many_are_gathered() -> None:
    asked = Asked()
    questions = Grouped(asked, by_habit=True, gather_seconds=0.05)

    async def late(item: int) -> int:
        # Behind a turn of the loop in which whoever waits for nobody has asked.
        await asyncio.sleep(0)
        return await questions.ask(item)

    await questions.ask(1)
    await asyncio.gather(questions.ask(2), questions.ask(3))
    await asyncio.gather(questions.ask(4), late(5))
    assert [len(group) for group in asked.groups] == [1, 2, 2]
    await questions.ask(6)
    questions.gather_seconds = 60.0
    assert await questions.ask(7) == 14


async def test_a_group_that_fails_is_split_until_the_faulty_one_stands_alone() -> None:
    asked = Asked(lambda items: ZeroDivisionError("seven") if 7 in items else None)
    answers = await ask_all(grouped(asked), 10)
    assert isinstance(answers.pop(7), ZeroDivisionError)
    assert answers == [2 * each for each in range(10) if each != 7]
    assert [7] in asked.groups


async def test_a_store_that_is_away_is_asked_once_for_all() -> None:
    asked = Asked(lambda items: StoreUnavailable())
    answers = await ask_all(grouped(asked), 10)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert len(asked.groups) == 1


async def test_who_is_locked_leaves_the_group_and_comes_again() -> None:
    groups: list[list[int]] = []

    def answer_all(items: Sequence[int]) -> Answers:
        groups.append(list(items))
        return [StoreBusy() if item == 3 and len(groups) < 3 else 2 * item for item in items]

    assert await ask_all(grouped(answer_all), 5) == [0, 2, 4, 6, 8]
    assert groups == [[0, 1, 2, 3, 4], [3], [3]]


async def test_who_stays_locked_is_told_in_the_end() -> None:
    with pytest.raises(StoreBusy):
        await grouped(Asked(lambda items: StoreBusy()), locked_at_most_seconds=0.1).ask(1)


async def test_who_was_broken_off_is_not_asked_for() -> None:
    asked = Asked()
    questions = grouped(asked)
    left = asyncio.ensure_future(questions.ask(1))
    stays = asyncio.ensure_future(questions.ask(2))
    await asyncio.sleep(0)
    left.cancel()
    assert await stays == 4
    assert asked.groups == [[2]]


@pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)
def test_a_locked_row_is_waited_for_no_longer_than_was_said(store: Store) -> None:
    trunk = store.make_trunk()
    statement = f"UPDATE trunks SET name = 'x' WHERE id = '{trunk.id}'"  # noqa: S608
    database = store.installation.database
    with database.write() as holder:
        holder.connection().exec_driver_sql(statement)
        with pytest.raises(StoreBusy), database.write(lock_wait_ms=LOCK_WAIT_MS) as session:
            session.connection().exec_driver_sql(statement)
