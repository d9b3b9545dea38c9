"""Memory of UDP probes in flight: asks a peer that never answers, and prints bytes of resident memory a probe."""

import argparse
import asyncio

from benchmarks.clients.loop import Loop, run
from benchmarks.clients.question import Method, edge_on, prepare
from benchmarks.resident import resident_bytes
from sipcheck import Engine, TransportName
from sipcheck.transaction.udp_batch.pending import PendingRequest

# Past the second retransmission, so that what a retransmission needs is counted too.
_IN_FLIGHT_SECONDS = 2.0
_WARM_UP = 100


async def hold(port: int, count: int) -> None:
    """Print how much `count` probes add, each with a request prepared for it alone."""
    edge = edge_on(port, TransportName.UDP)
    async with Engine() as engine:
        ended: list[PendingRequest] = []
        batch, local = engine.udp_batch_for(edge)

        def ask(probes: int) -> None:
            for _ in range(probes):
                batch.ask(prepare(Method.OPTIONS, edge, local), ended.append)

        ask(_WARM_UP)
        before = resident_bytes()
        ask(count)
        await asyncio.sleep(_IN_FLIGHT_SECONDS)
        if ended:
            raise RuntimeError(f"{len(ended)} probes ended that were to stay in flight")
        print((resident_bytes() - before) / count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", type=Loop, choices=Loop)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args()
    run(arguments.loop, hold(arguments.port, arguments.count))


if __name__ == "__main__":
    main()
