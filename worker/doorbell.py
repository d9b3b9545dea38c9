"""Doorbells: over Celery to whatever worker there is, or within the process that has a worker of its own."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from celery import Celery

from trunks.doorbell import Doorbell
from worker.queues import PROVISION_TRUNK, RUN_VERIFICATION, QueueName
from worker.sending_thread import GATHER_SECONDS, SendingThread

# The pooled connection may be from before the broker's last restart.
_ONCE_MORE = {"max_retries": 1, "interval_start": 0}


class CeleryDoorbell:
    """Rings between start() and stop(), from a thread of its own, so that no request ever waits for the broker.

    A ring that fails is dropped: every worker looks for what is due by itself.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._sender = SendingThread[tuple[QueueName, UUID]]("broker", self._ring)

    def start(self) -> None:
        self._sender.start()

    def ring(self, verification_id: UUID, *, on_demand: bool = False) -> None:
        """Hand over to the sending thread; return at once."""
        self._sender.hand_over((QueueName.VERIFY, verification_id), hurried=on_demand)

    def ring_provision(self, trunk_id: UUID) -> None:
        """Hand over to the sending thread; return at once."""
        self._sender.hand_over((QueueName.PROVISION, trunk_id))

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Send what was rung before, unless the broker takes too long for it."""
        self._sender.stop(timeout_seconds=timeout_seconds)

    def _ring(self, rings: Sequence[tuple[QueueName, UUID]]) -> None:
        runs = [str(row_id) for queue, row_id in rings if queue is QueueName.VERIFY]
        if runs:
            self._send(RUN_VERIFICATION, QueueName.VERIFY, runs)
        for queue, trunk_id in rings:
            if queue is QueueName.PROVISION:
                self._send(PROVISION_TRUNK, queue, str(trunk_id))

    def _send(self, task: str, queue: QueueName, given: Any) -> None:
        self._app.send_task(task, args=(given,), queue=queue.value, retry=True, retry_policy=_ONCE_MORE)


class OwnDoorbell:
    """Wakes this process's own runs, which no other process would take; what else there is goes by another doorbell."""

    def __init__(self, wake: Callable[[float], None], others: Doorbell) -> None:
        """Take what wakes them within so many seconds."""
        self._wake = wake
        self._others = others

    def ring(self, verification_id: UUID, *, on_demand: bool = False) -> None:
        """Return at once; where nobody waits, runs are claimed together with what comes meanwhile."""
        self._wake(0.0 if on_demand else GATHER_SECONDS)

    def ring_provision(self, trunk_id: UUID) -> None:
        """Return at once."""
        self._others.ring_provision(trunk_id)
