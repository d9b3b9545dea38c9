"""Who waits for others at an address is told when one of them is done: one of those that wait, the first."""

import asyncio
from uuid import UUID

from trunks.ids import new_id
from trunks.rules.visitor import Visitor
from trunks.runs.kept_back import KeptBack
from trunks.runs.knock_ledger import Seen, Settlement

HERE, THERE = "192.0.2.1", "192.0.2.2"
LONG_SECONDS = 30.0


def at(*addresses: str) -> list[Settlement]:
    visitor = Visitor(environment_id=UUID(int=1), account_key="a", proven=False, knows_password=True)
    return [Settlement(new_id(), visitor, [Seen(address) for address in addresses])]


async def test_each_end_lets_one_look_in_the_order_in_which_they_came() -> None:
    kept = KeptBack()
    looked: list[str] = []

    async def wait(name: str, *addresses: str) -> None:
        await kept.wait(addresses, within_seconds=LONG_SECONDS)
        looked.append(name)

    async with asyncio.TaskGroup() as group:
        for name, addresses in {"first": (HERE,), "both": (HERE, THERE), "last": (HERE,)}.items():
            group.create_task(wait(name, *addresses))
        await asyncio.sleep(0)
        for addresses, expected in (
            ((HERE,), ["first"]),
            ((THERE,), ["first", "both"]),
            (("192.0.2.3",), ["first", "both"]),
            ((HERE, HERE), ["first", "both", "last"]),
        ):
            kept.settled(at(*addresses))
            for _ in range(5):
                await asyncio.sleep(0)
            assert looked == expected
    kept.settled(at(HERE))
    assert kept._waiting == {}


async def test_nobody_waits_longer_than_his_time_and_who_is_broken_off_is_forgotten() -> None:
    kept = KeptBack()
    await kept.wait([HERE, THERE], within_seconds=0.01)
    waiting = asyncio.create_task(kept.wait([HERE], within_seconds=LONG_SECONDS))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert kept._waiting == {}
