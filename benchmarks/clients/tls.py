"""New verified TLS connections, each with one OPTIONS, by the engine's own connections and exchange."""

import argparse
import asyncio
from pathlib import Path

from benchmarks.clients.loop import Loop, run
from benchmarks.clients.question import Method, edge_on, template
from sipcheck import Engine, EngineSettings, TransportName
from sipcheck.dns.route import Edge
from sipcheck.settings import DEFAULT_TIMEOUT_SECONDS
from sipcheck.transaction.edge_connection import EdgeConnection
from sipcheck.transaction.exchange import exchange

CONCURRENCY = 16


async def connect_and_ask(engine: Engine, edge: Edge) -> None:
    """Open a verified connection, ask OPTIONS, close; raises RuntimeError for anything but a 200."""
    run = engine.run_context(DEFAULT_TIMEOUT_SECONDS)
    connection = EdgeConnection(edge, edge.host, run)
    try:
        channel = await connection.open()
        if channel is None:
            raise RuntimeError(str(connection.failure))
        result = await exchange(template(Method.OPTIONS, edge), connection, channel, run)
    finally:
        await connection.close()
    if result.status != 200:
        raise RuntimeError(str(result.status or result.failure))


async def connect(port: int, count: int, ca_file: Path) -> None:
    """Do it `count` times, a few at once."""
    edge = edge_on(port, TransportName.TLS)
    pending = iter(range(count))

    async with Engine(EngineSettings(ca_file=ca_file)) as engine:

        async def work() -> None:
            for _ in pending:
                await connect_and_ask(engine, edge)

        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(work())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", type=Loop, choices=Loop)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("ca_file", type=Path)
    arguments = parser.parse_args()
    run(arguments.loop, connect(arguments.port, arguments.count, arguments.ca_file))


if __name__ == "__main__":
    main()
