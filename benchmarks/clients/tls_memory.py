"""Memory of open TLS connections: opens verified ones, and prints bytes of resident memory a connection."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.clients.loop import Loop, run
from benchmarks.clients.question import edge_on
from benchmarks.resident import resident_bytes
from sipcheck import Engine, EngineSettings, TransportName
from sipcheck.transaction.time_plan import TimePlan

_WARM_UP = 10
_SETTLE_SECONDS = 0.5


async def hold(port: int, count: int, ca_file: Path) -> None:
    """Print how much `count` open connections add."""
    edge = edge_on(port, TransportName.TLS)
    plan = TimePlan()
    async with Engine(EngineSettings(ca_file=ca_file)) as engine, AsyncExitStack() as opened:

        async def open_some(connections: int) -> None:
            for _ in range(connections):
                deadline_at = asyncio.get_running_loop().time() + plan.timeout_seconds
                channel = await engine.open_channel(edge, edge.host, deadline_at)
                opened.push_async_callback(channel.close)

        await open_some(_WARM_UP)
        before = resident_bytes()
        await open_some(count)
        await asyncio.sleep(_SETTLE_SECONDS)  # the server's session tickets have come by then
        print((resident_bytes() - before) / count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", type=Loop, choices=Loop)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("ca_file", type=Path)
    arguments = parser.parse_args()
    run(arguments.loop, hold(arguments.port, arguments.count, arguments.ca_file))


if __name__ == "__main__":
    main()
