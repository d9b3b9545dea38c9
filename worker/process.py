"""Celery's worker in a thread of this process: the same for `trunkd up` and `trunkd worker`."""

import threading
import time
from collections.abc import Sequence

from celery import Celery
from celery.worker import WorkController, state
from kombu.asynchronous import set_event_loop

from worker.app import IN_PROCESS_BROKER, THREADS
from worker.queues import QueueName
from worker.runtime import Runtime

# Beside the grace that runs get: what Celery needs to notice, and to end its pool.
_CELERY_STOPS_WITHIN_SECONDS = 3.0
_WAKE_SECONDS = 0.1


class WorkerProcess:
    """One for a process: Celery keeps its stop flag in a module."""

    def __init__(
        self,
        app: Celery,
        runtime: Runtime,
        *,
        queues: Sequence[QueueName],
        runs_in_flight: int | None = None,
    ) -> None:
        self._app = app
        self._runtime = runtime
        self._queues = [queue.value for queue in queues]
        self._runs_in_flight = runs_in_flight
        self._consuming = threading.Event()
        self._thread = threading.Thread(target=self._main, name="celery-worker", daemon=True)

    def start(self) -> None:
        """Start consuming. Raises what Runtime.start does, before anything is consumed."""
        self._runtime.start(
            runs=QueueName.VERIFY in self._queues,
            sweeps=QueueName.SWEEP in self._queues,
            runs_in_flight=self._runs_in_flight,
        )
        state.should_stop = None
        # The pool's threads look their tasks up in the default app.
        self._app.set_default()
        self._thread.start()

    def wait_consuming(self, *, timeout_seconds: float) -> bool:
        """Wait until messages are taken; false when the broker lets that wait."""
        return self._consuming.wait(timeout_seconds)

    @property
    def alive(self) -> bool:
        """False when Celery has given up, which it does not do for a broker that is away."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take no more messages, and let runs finish or give them back."""
        state.should_stop = 0
        self._runtime.stop()
        deadline = time.monotonic() + _CELERY_STOPS_WITHIN_SECONDS
        while self._thread.is_alive() and time.monotonic() < deadline:
            self._wake()
            self._thread.join(_WAKE_SECONDS)

    def _wake(self) -> None:
        # In the process Celery looks at its flag when a message comes, else after 2 s, and again 2 s later.
        if self._app.conf.broker_url == IN_PROCESS_BROKER:
            self._app.control.broadcast("ping", reply=False)

    def _main(self) -> None:
        # Celery takes whatever loop its process has: another worker's, which ends with that one.
        set_event_loop(None)
        WorkController(
            app=self._app,
            pool_cls="threads",
            queues=self._queues,
            concurrency=THREADS,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            ready_callback=lambda consumer: self._consuming.set(),
        ).start()
