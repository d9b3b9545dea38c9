"""Who waits for others at an address stands in line: the first asks, and is told when one of the others is done."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest

from trunks.ids import new_id
from trunks.rules.visitor import Visitor
from trunks.runs.kept_back import KeptBack, Place
from trunks.runs.knock_ledger import Seen, Settlement, Visit

HERE, THERE = "192.0.2.1", "192.0.2.2"
LONG_SECONDS = 30.0
ACME, RIVAL = UUID(int=1), UUID(int=2)


def visit(*addresses: str, by: UUID = ACME) -> Visit:
    visitor = Visitor(environment_id=by, account_key="a", proven=False, knows_password=True)
    until = datetime(2026, 1, 1, tzinfo=UTC)
    return Visit(claim_id=new_id(), lease_until=until, visitor=visitor, worst=dict.fromkeys(addresses, 4))


def at(*addresses: str, began_at: float | None = None) -> list[Settlement]:
    visitor = Visitor(environment_id=ACME, account_key="a", proven=False, knows_password=True)
    return [Settlement(new_id(), visitor, [Seen(address) for address in addresses], began_at)]


class Lines:
    """Runs that wait, by their names; each goes when it may ask, unless it is told to stand on."""

    def __init__(self) -> None:
        self.kept = KeptBack()
        self.asked: list[str] = []
        self.places: dict[str, Place] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def come(self, name: str, *addresses: str, by: UUID = ACME, on_demand: bool = False) -> None:
        self.tasks[name] = asyncio.create_task(
            self._wait(name, visit(*addresses, by=by), on_demand=on_demand)
        )

    async def _wait(self, name: str, its: Visit, *, on_demand: bool) -> None:
        with self.kept.place(its, on_demand=on_demand) as place:
            self.places[name] = place
            until = asyncio.get_running_loop().time() + LONG_SECONDS
            await place.turn(until, look_seconds=LONG_SECONDS)
            self.asked.append(name)

    async def done(self, *addresses: str) -> Sequence[str]:
        """Tell of an end; who has asked by now."""
        self.kept.settled(at(*addresses))
        await settle_down()
        return self.asked


async def settle_down() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


@asynccontextmanager
async def lines() -> AsyncIterator[Lines]:
    made = Lines()
    yield made
    for task in made.tasks.values():
        task.cancel()
    await asyncio.gather(*made.tasks.values(), return_exceptions=True)
    assert made.kept._lines == {}


async def test_each_end_lets_one_ask_in_the_order_in_which_they_came() -> None:
    async with lines() as they:
        they.come("first", HERE)
        they.come("both", HERE, THERE)
        they.come("last", HERE)
        await settle_down()
        assert await they.done(HERE) == ["first"]
        assert await they.done(THERE) == ["first", "both"]
        assert await they.done("192.0.2.3") == ["first", "both"]
        assert await they.done(HERE, HERE) == ["first", "both", "last"]


async def test_environments_take_turns_and_who_is_on_demand_goes_first_of_his_own() -> None:
    async with lines() as they:
        for name in "abc":
            they.come(name, HERE)
        they.come("rival", HERE, by=RIVAL)
        they.come("waited for", HERE, on_demand=True)
        await settle_down()
        for expected in ("waited for", "rival", "a", "b", "c"):
            assert (await they.done(HERE))[-1] == expected


async def test_the_first_looks_by_itself_and_the_others_do_not() -> None:
    """A run of another process tells nobody here."""
    kept = KeptBack()
    loop = asyncio.get_running_loop()
    until = loop.time() + LONG_SECONDS
    with kept.place(visit(HERE), on_demand=False) as second:
        with kept.place(visit(HERE), on_demand=False) as first:
            assert not first.in_line
            await first.turn(until, look_seconds=0.01)
            behind = asyncio.create_task(second.turn(until, look_seconds=0.0))
            await asyncio.sleep(0.02)
            assert (first.in_line, first.is_followed, behind.done()) == (True, True, False)
        await asyncio.wait_for(behind, LONG_SECONDS)
    assert kept._lines == {}


async def test_nobody_waits_longer_than_his_time_and_who_is_broken_off_is_forgotten() -> None:
    async with lines() as they:
        with they.kept.place(visit(HERE), on_demand=False) as place:
            await place.turn(asyncio.get_running_loop().time() + 0.01, look_seconds=LONG_SECONDS)
        assert they.kept._lines == {}
        they.come("told", HERE)
        they.come("next", HERE)
        await settle_down()
        they.kept.settled(at(HERE))
        they.tasks["told"].cancel()
        await settle_down()
        # What it was told is the next one's.
        assert they.asked == ["next"]


async def test_how_long_those_ahead_may_take_is_what_the_last_ones_took() -> None:
    async with lines() as they:
        loop = asyncio.get_running_loop()
        for _ in range(20):
            they.kept.settled(at(HERE, began_at=loop.time() - 2.0))
        for name in "abc":
            they.come(name, HERE)
        await settle_down()
        assert they.places["c"].behind_seconds == pytest.approx(4.0, rel=0.1)
        they.come("rival", HERE, by=RIVAL)
        await settle_down()
        assert they.places["c"].behind_seconds == pytest.approx(8.0, rel=0.1)
        newcomer = they.kept.place(visit(HERE, by=RIVAL), on_demand=False)
        assert newcomer.behind_seconds == pytest.approx(4.0, rel=0.1)
