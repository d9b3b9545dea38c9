"""The doorbell over Celery: sends from a thread of its own, so that no request ever waits for the broker."""

from uuid import UUID

from celery import Celery

from worker.queues import QueueName
from worker.sending_thread import SendingThread
from worker.task_names import PROVISION_TRUNK, RUN_VERIFICATION

# The pooled connection may be from before the broker's last restart.
_ONCE_MORE = {"max_retries": 1, "interval_start": 0}


class CeleryDoorbell:
    """Rings between start() and stop(); a ring that fails is dropped, since tending rings again."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._sender = SendingThread("broker", self._send)

    def start(self) -> None:
        self._sender.start()

    def ring(self, verification_id: UUID) -> None:
        """Hand over to the sending thread; return at once."""
        self._sender.hand_over((RUN_VERIFICATION, QueueName.VERIFY, verification_id))

    def ring_provision(self, trunk_id: UUID) -> None:
        """Hand over to the sending thread; return at once."""
        self._sender.hand_over((PROVISION_TRUNK, QueueName.PROVISION, trunk_id))

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Send what was rung before, unless the broker takes too long for it."""
        self._sender.stop(timeout_seconds=timeout_seconds)

    def _send(self, ring: tuple[str, QueueName, UUID]) -> None:
        task, queue, row_id = ring
        self._app.send_task(
            task,
            args=(str(row_id),),
            queue=queue.value,
            retry=True,
            retry_policy=_ONCE_MORE,
        )
