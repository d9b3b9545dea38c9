"""A store with a running worker, put together as trunkd does it."""

import socket
import threading
import time
from typing import Any, Self
from uuid import UUID

from sipcheck.target import TransportName
from tests.trunks.forms import HandClock, Store
from trunks.clock import utc_now
from trunks.ids import new_id
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from worker.app import make_app
from worker.broker_ping import worker_answers
from worker.doorbell import CeleryDoorbell
from worker.process import WorkerProcess
from worker.queues import ALL_QUEUES
from worker.runtime import Runtime
from worker.tasks import bind

_DONE_WITHIN_SECONDS = 30.0
_CELERY_GONE_WITHIN_SECONDS = 60.0


class Service:
    """Runs while entered, over a prepared installation; `done` collects what the worker tells."""

    def __init__(self, settings: Settings) -> None:
        self.installation = Installation(settings, clock=utc_now)
        self.store = Store(self.installation, HandClock(), tenant=f"tenant {new_id()}")
        self.app = make_app(settings)
        self.doorbell = CeleryDoorbell(self.app)
        self.runtime = Runtime(lambda: self.installation, doorbell=self.doorbell, on_done=self._on_done)
        bind(self.app, self.runtime)
        self.worker = WorkerProcess(self.app, self.runtime, queues=ALL_QUEUES)
        self._done: list[UUID] = []
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self.doorbell.start()
        self.worker.start()
        assert self.worker.wait_consuming(timeout_seconds=10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_worker()
        self.doorbell.stop()
        self.installation.close()

    def stop_worker(self) -> None:
        """End it as its process does, and wait until it is gone, where a process would just end.

        Celery keeps its stop flag in a module: the next one's start would let this one go on. While it stops, all new
        sockets of the process have a timeout; where two stop at once, the later one would leave it so.
        """
        self.worker.stop()
        deadline = time.monotonic() + _CELERY_GONE_WITHIN_SECONDS
        while self.worker.alive and time.monotonic() < deadline:
            time.sleep(0.02)
        socket.setdefaulttimeout(None)

    def wait_answers(self) -> None:
        """Wait until it answers a ping: one that comes before its subscription is lost."""
        deadline = time.monotonic() + _DONE_WITHIN_SECONDS
        while True:
            try:
                worker_answers(self.app)
            except LookupError:
                assert time.monotonic() < deadline
            else:
                return

    def make_trunk(self, *, host: str, port: int, transport: TransportName, **given: Any) -> Trunk:
        return self.store.make_trunk(domain=host, port=port, transport=transport, **given)

    def request(self, trunk: Trunk) -> UUID:
        """Queue a run and ring, as the API does."""
        verification_id = self.installation.runs.requests.request(self.store.caller, trunk.id)
        self.doorbell.ring(verification_id)
        return verification_id

    def verify(self, trunk: Trunk) -> Verification:
        """Ask for a run, and wait until it is done."""
        verification_id = self.request(trunk)
        self.wait_done(verification_id)
        return self.store.run(trunk.id, verification_id)

    def wait_done(self, verification_id: UUID) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: verification_id in self._done, _DONE_WITHIN_SECONDS)

    def wait_a_moment(self) -> None:
        """Wait for this worker's next telling, or for a moment."""
        with self._changed:
            self._changed.wait(0.05)

    def told(self) -> list[UUID]:
        with self._changed:
            return list(self._done)

    def _on_done(self, verification_id: UUID) -> None:
        with self._changed:
            self._done.append(verification_id)
            self._changed.notify_all()
