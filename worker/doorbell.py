"""The doorbell over Celery: sends from a thread of its own, so that no request ever waits for the broker."""

import queue
import threading
from uuid import UUID

import structlog
from celery import Celery

from worker.queues import QueueName
from worker.task_names import RUN_VERIFICATION

_log = structlog.get_logger(__name__)

# More than this waits only while the broker hangs; then the rows are rung for later anyhow.
_WAITING_RINGS = 10_000
# The pooled connection may be from before the broker's last restart.
_ONCE_MORE = {"max_retries": 1, "interval_start": 0}


class CeleryDoorbell:
    """Rings between start() and stop(); a ring that fails is dropped, since tending rings again."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._rings: queue.Queue[UUID | None] = queue.Queue(_WAITING_RINGS)
        self._thread = threading.Thread(target=self._send_all, name="doorbell", daemon=True)
        self._broker_away = False

    def start(self) -> None:
        self._thread.start()

    def ring(self, verification_id: UUID) -> None:
        """Hand over to the sending thread; return at once."""
        try:
            self._rings.put_nowait(verification_id)
        except queue.Full:
            _log.warning("doorbell-overfull", verification_id=str(verification_id))

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Send what was rung before, unless the broker takes too long for it."""
        try:
            self._rings.put(None, timeout=timeout_seconds)
        except queue.Full:
            return
        self._thread.join(timeout_seconds)

    def _send_all(self) -> None:
        while (verification_id := self._rings.get()) is not None:
            self._send(verification_id)

    def _send(self, verification_id: UUID) -> None:
        try:
            self._app.send_task(
                RUN_VERIFICATION,
                args=(str(verification_id),),
                queue=QueueName.VERIFY.value,
                retry=True,
                retry_policy=_ONCE_MORE,
            )
        except Exception as error:  # noqa: BLE001 - the border of the thread; each transport has its own errors
            if not self._broker_away:
                _log.warning("broker-away", error=type(error).__name__)
            self._broker_away = True
            return
        if self._broker_away:
            _log.info("broker-back")
        self._broker_away = False
