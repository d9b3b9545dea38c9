"""`trunkd up`: API, worker and schedule in one process."""

import asyncio
import socket
from contextlib import AsyncExitStack, closing
from functools import partial
from uuid import UUID

import structlog
import uvloop

from api.app import create_app
from trunkd.api_process import readiness_checks
from trunkd.faults import FAULT
from trunkd.garbage import look_seldom
from trunkd.http_server import HttpServer
from trunkd.listening import base_url, listen
from trunkd.practice import HOST, example, practice_carrier
from trunkd.stopping import stop_event_of_loop
from trunkd.worker_process import LOOK_SECONDS
from trunks.doorbell import Doorbell
from trunks.installation.installation import Installation, prepare
from trunks.installation.settings import Settings
from worker.app import make_app
from worker.completion_channel import CompletionAnnouncer, listen_for_done
from worker.doorbell import CeleryDoorbell, OwnDoorbell
from worker.engine_loop import GRACE_SECONDS
from worker.process import WorkerProcess
from worker.queues import ALL_QUEUES
from worker.runtime import Runtime
from worker.tasks import bind

_log = structlog.get_logger(__name__)

_CONSUMING_WITHIN_SECONDS = 3.0
# A second longer than the runs of a stopping worker have (worker.engine_loop).
_WAITING_GRACE_SECONDS = GRACE_SECONDS + 1.0


def run_up(settings: Settings, *, practice: bool) -> int:
    """Run until a signal asks to end, and give the exit status.

    Raises InstallationFault, StoreUnavailable, SettingInvalid, CarrierUnusable.
    """
    listener = listen(settings)
    prepare(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings, listener, practice=practice))


async def _run(settings: Settings, listener: socket.socket, *, practice: bool) -> int:
    asked = stop_event_of_loop()
    url = base_url(settings)
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(practice_carrier()) if practice else None
        if port is not None:
            settings = settings.beside_practice_carrier(HOST, port)
        installation = stack.enter_context(closing(Installation(settings)))
        embedded = Embedded(installation, listener)
        await embedded.start()
        look_seldom()
        token = await asyncio.to_thread(installation.tenancy.tenants.create_default)
        print(_greeting(url, token), flush=True)
        if port is not None:
            print(example(settings=settings, url=url, port=port, token=token), flush=True)
        healthy = await embedded.run_until(asked)
        await embedded.stop()
    return 0 if healthy else FAULT


class Embedded:
    """The API's loop is this one; the worker has threads of its own, and announces to the waiter what is done.

    Beside other processes on one Redis it announces to them too, and hears of theirs.
    """

    def __init__(self, installation: Installation, listener: socket.socket) -> None:
        celery = make_app(installation.settings)
        self._listener = listener
        self._broker = CeleryDoorbell(celery)
        # Beside other processes on one broker the runs are anybody's.
        alone = installation.settings.broker_url is None
        doorbell: Doorbell = (
            OwnDoorbell(lambda seconds: runtime.wake(seconds), self._broker) if alone else self._broker
        )
        app = create_app(
            installation,
            doorbell=doorbell,
            checks=readiness_checks(celery, installation.workers),
        )
        self._server = HttpServer(app, installation.settings)
        self._announcer = CompletionAnnouncer(installation.settings)
        self._notify = app.state.context.waiter.notify
        self._listen = partial(listen_for_done, installation.settings, self._notify)
        runtime = Runtime(
            lambda: installation,
            doorbell=doorbell,
            on_done=self._on_done,
        )
        bind(celery, runtime)
        self._worker = WorkerProcess(celery, runtime, queues=ALL_QUEUES)

    async def start(self) -> None:
        """Start all parts; requests are answered when it returns."""
        self._broker.start()
        self._announcer.start()
        self._listening = asyncio.create_task(self._listen())
        await asyncio.to_thread(self._worker.start)
        # A broker that is away keeps nobody from asking: the runs wait in the store.
        await asyncio.to_thread(self._worker.wait_consuming, timeout_seconds=_CONSUMING_WITHIN_SECONDS)
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))
        await self._server.ready.wait()

    async def run_until(self, asked: asyncio.Event) -> bool:
        """Wait for the signal; false when a part ended by itself before."""
        waiting = asyncio.create_task(asked.wait())
        while self._worker.alive and not self._serving.done():
            done, _ = await asyncio.wait((waiting,), timeout=LOOK_SECONDS)
            if done:
                return True
        _log.error("part-ended-by-itself", worker=self._worker.alive, api=not self._serving.done())
        waiting.cancel()
        return False

    async def stop(self) -> None:
        """End all parts: runs finish or go back, and the callers who wait for anything are answered."""
        self._server.stop_serving()
        stopping = asyncio.create_task(asyncio.to_thread(self._worker.stop))
        await asyncio.wait((stopping,), timeout=_WAITING_GRACE_SECONDS)
        self._server.dismiss_waiting()
        await stopping
        await self._serving
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await asyncio.to_thread(self._announcer.stop)
        await asyncio.to_thread(self._broker.stop)
        _log.info("stopped")

    def _on_done(self, done_id: UUID) -> None:
        self._notify(done_id)
        self._announcer.announce(done_id)


def _greeting(url: str, token: str | None) -> str:
    lines = [f"trunkd is up at {url}; its API is described at {url}/docs. Ctrl-C ends it.", ""]
    if token is not None:
        lines += [
            'This is the first start: the environment "default" was made. Its token, shown only this once:',
            "",
            f"    {token}",
            "",
        ]
    lines += [f"The console for people is at {url}/console; sign in there with a token.", ""]
    return "\n".join(lines)
