"""A thread that sends ids to somewhere that may be away or hang, so that nobody else ever waits for it."""

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger(__name__)

# More than this waits only while the other end hangs.
_WAITING_ITEMS = 10_000

Item = TypeVar("Item")


class SendingThread(Generic[Item]):
    """Sends between start() and stop(); what cannot be sent is dropped, since the rows say it all.

    `send` raises what its transport raises; the first of a series of failures is logged as `<name>-away`.
    """

    def __init__(self, name: str, send: Callable[[Item], None]) -> None:
        self._name = name
        self._send = send
        self._items: queue.Queue[Item | None] = queue.Queue(_WAITING_ITEMS)
        self._thread = threading.Thread(target=self._send_all, name=f"{name}-sender", daemon=True)
        self._away = False

    def start(self) -> None:
        self._thread.start()

    def hand_over(self, item: Item) -> None:
        """Return at once, whatever the other end does."""
        try:
            self._items.put_nowait(item)
        except queue.Full:
            _log.warning(f"{self._name}-overfull", dropped=str(item))

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Send what was handed over before, unless the other end takes too long for it."""
        try:
            self._items.put(None, timeout=timeout_seconds)
        except queue.Full:
            return
        self._thread.join(timeout_seconds)

    def _send_all(self) -> None:
        while (item := self._items.get()) is not None:
            self._send_one(item)

    def _send_one(self, item: Item) -> None:
        try:
            self._send(item)
        except Exception as error:  # noqa: BLE001 - the border of the thread; each transport has its own errors
            if not self._away:
                _log.warning(f"{self._name}-away", error=type(error).__name__)
            self._away = True
            return
        if self._away:
            _log.info(f"{self._name}-back")
        self._away = False
