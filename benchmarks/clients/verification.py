"""Whole verifications with their reports, as `sipcheck verify` and the service make them, fifty at once."""

import argparse
import asyncio
from ipaddress import ip_network
from pathlib import Path

from benchmarks.clients.loop import Loop, run
from benchmarks.clients.question import ADDRESS, CREDENTIALS, Method
from sipcheck import Engine, EngineSettings, Guard, Proof, Reason, Target, TransportName

CONCURRENCY = 50


async def verify(
    transport: TransportName, method: Method, port: int, count: int, ca_file: Path | None
) -> None:
    """Verify `count` times, with credentials for REGISTER; raises RuntimeError for any other verdict than success."""
    with_credentials = method is Method.REGISTER
    wanted = Reason.CREDENTIALS_PROVEN if with_credentials else Reason.ALIVE
    credentials = CREDENTIALS if with_credentials else None
    proof = Proof.AUTO if with_credentials else Proof.NONE
    target = Target(ADDRESS, port, transport)
    settings = EngineSettings(guard=Guard(allow_networks=(ip_network("127.0.0.0/8"),)), ca_file=ca_file)
    pending = iter(range(count))

    async with Engine(settings) as engine:

        async def work() -> None:
            for _ in pending:
                report = await engine.verify(target, credentials=credentials, proof=proof)
                if report.reason is not wanted:
                    raise RuntimeError(f"{report.reason}: {report.summary}")

        async with asyncio.TaskGroup() as group:
            for _ in range(CONCURRENCY):
                group.create_task(work())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loop", type=Loop, choices=Loop)
    parser.add_argument("transport", type=TransportName, choices=TransportName)
    parser.add_argument("method", type=Method, choices=Method)
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("ca_file", type=Path, nargs="?")
    arguments = parser.parse_args()
    run(
        arguments.loop,
        verify(arguments.transport, arguments.method, arguments.port, arguments.count, arguments.ca_file),
    )


if __name__ == "__main__":
    main()
