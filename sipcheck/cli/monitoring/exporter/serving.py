"""The exporter as a whole: modules, runs and the server, until a signal comes."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import typer

from sipcheck.cli.monitoring.exporter.http_server import ExporterApp, ExporterServer
from sipcheck.cli.monitoring.exporter.modules import ProbeModule
from sipcheck.cli.monitoring.exporter.probes import Probes
from sipcheck.cli.monitoring.rejections import Rejections
from sipcheck.errors import CallerError
from sipcheck.target import HostPort


class ListenUnusable(CallerError):
    """The exporter cannot listen where it was told to."""


async def serve(modules: Mapping[str, ProbeModule], listen: HostPort, rejections: Rejections | None) -> None:
    """Serve until SIGINT or SIGTERM. Raises SettingInvalid for a module's settings, ListenUnusable."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    async with serving(modules, listen, rejections) as place:
        typer.echo(f"The exporter listens on http://{place}/.")
        await ended.wait()


@asynccontextmanager
async def serving(
    modules: Mapping[str, ProbeModule], listen: HostPort, rejections: Rejections | None
) -> AsyncIterator[HostPort]:
    """Serve in this block, and give the place where it listens. Raises SettingInvalid, ListenUnusable."""
    async with Probes(modules, rejections) as probes:
        try:
            server = ExporterServer(listen, ExporterApp(modules, probes, asyncio.get_running_loop()))
        except OSError as error:
            raise ListenUnusable(
                f"--listen '{listen}': {error.strerror}; give another address or port of this machine"
            ) from error
        answering = threading.Thread(target=server.serve_forever, name="exporter", daemon=True)
        answering.start()
        try:
            yield HostPort(listen.host, server.server_port)
        finally:
            await asyncio.to_thread(server.shutdown)
            server.socket.close()
