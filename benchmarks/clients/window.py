"""The fast path over UDP: one prepared request asked many times, a thousand at once."""

import argparse
from itertools import repeat

from benchmarks.clients.loop import Loop, run
from benchmarks.clients.question import Method, edge_on, prepare
from sipcheck import Engine, TransportName


async def ask(method: Method, port: int, count: int) -> None:
    """Ask `count` times; raises RuntimeError for anything but a 200."""
    edge = edge_on(port, TransportName.UDP)
    async with Engine() as engine:
        batch, local = engine.udp_batch_for(edge)
        async for pending in batch.run(repeat(prepare(method, edge, local), count)):
            if pending.status != 200:
                raise RuntimeError(str(pending.status or pending.failure))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", type=Loop, choices=Loop)
    parser.add_argument("method", type=Method, choices=Method)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    run(arguments.loop, ask(arguments.method, arguments.port, arguments.count))


if __name__ == "__main__":
    main()
