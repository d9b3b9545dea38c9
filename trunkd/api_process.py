"""`trunkd api`: HTTP alone; the runs are done by workers elsewhere."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import uvloop
from celery import Celery

from api.app import create_app
from api.operation.readiness import ReadinessCheck
from trunkd.http_server import HttpServer
from trunkd.listening import listen
from trunkd.stopping import stop_event_of_loop
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings
from trunks.installation.workers import WorkerBook
from worker.app import make_app
from worker.broker_ping import broker_answers, runs_are_done
from worker.completion_channel import listen_for_done
from worker.doorbell import CeleryDoorbell

# Workers elsewhere go on: most of what callers wait for is done by then.
_WAITING_GRACE_SECONDS = 3.0


def readiness_checks(celery: Celery, workers: WorkerBook) -> Mapping[str, ReadinessCheck]:
    """What /readyz asks of the broker and the workers."""
    return {"broker": partial(broker_answers, celery), "worker": partial(runs_are_done, celery, workers)}


def run_api(settings: Settings) -> None:
    """Serve until a signal asks to end. Raises InstallationFault, StoreUnavailable."""
    listener = listen(settings)
    installation = Installation(settings)
    installation.require_fit()
    celery = make_app(settings)
    doorbell = CeleryDoorbell(celery)
    doorbell.start()
    app = create_app(installation, doorbell=doorbell, checks=readiness_checks(celery, installation.workers))
    listening = partial(listen_for_done, settings, app.state.context.waiter.notify)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(HttpServer(app, settings), listener, listening))
    finally:
        doorbell.stop()
        installation.close()


async def _serve(
    server: HttpServer, listener: socket.socket, listening: Callable[[], Awaitable[None]]
) -> None:
    asked = stop_event_of_loop()
    announcements = asyncio.ensure_future(listening())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.wait((serving, asyncio.create_task(asked.wait())), return_when=asyncio.FIRST_COMPLETED)
    server.stop_serving()
    await asyncio.wait((serving,), timeout=_WAITING_GRACE_SECONDS)
    server.dismiss_waiting()
    await serving
    announcements.cancel()
    await asyncio.gather(announcements, return_exceptions=True)
