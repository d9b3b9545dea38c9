"""A thread that sends ids to somewhere that may be away or hang, so that nobody else ever waits for it."""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger(__name__)

# More than this waits only while the other end hangs.
_WAITING_ITEMS = 10_000
_SENT_AT_ONCE = 100
# What nobody waits for is sent together with what comes meanwhile.
GATHER_SECONDS = 0.2

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _HandedOver(Generic[Item]):
    item: Item
    hurried: bool


class SendingThread(Generic[Item]):
    """Sends between start() and stop(); what cannot be sent is dropped, since the rows say it all.

    `send` is given what was handed over since it was called last, up to a hundred at once. It raises what its transport
    raises; the first of a series of failures is logged as `<name>-away`.
    """

    def __init__(self, name: str, send: Callable[[Sequence[Item]], None]) -> None:
        self._name = name
        self._send = send
        self._items: queue.Queue[_HandedOver[Item] | None] = queue.Queue(_WAITING_ITEMS)
        self._thread = threading.Thread(target=self._send_all, name=f"{name}-sender", daemon=True)
        self._away = False

    def start(self) -> None:
        self._thread.start()

    def hand_over(self, item: Item, *, hurried: bool = True) -> None:
        """Return at once, whatever the other end does; `hurried` is what somebody waits for."""
        try:
            self._items.put_nowait(_HandedOver(item, hurried))
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
        ended = False
        while not ended:
            items, ended = self._gathered()
            if items:
                self._send_some(items)

    def _gathered(self) -> tuple[list[Item], bool]:
        """Wait for an item, and take what there is beside it; true when no more will come."""
        items: list[Item] = []
        until: float | None = None
        hurried = False
        while len(items) < _SENT_AT_ONCE:
            try:
                given = self._items.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if given is None:
                return items, True
            items.append(given.item)
            hurried = hurried or given.hurried
            # What is there already goes with the hurried one; the rest is not waited for.
            until = time.monotonic() if hurried else until or time.monotonic() + GATHER_SECONDS
        return items, False

    def _send_some(self, items: Sequence[Item]) -> None:
        try:
            self._send(items)
        except Exception as error:  # noqa: BLE001 - the border of the thread; each transport has its own errors
            if not self._away:
                _log.warning(f"{self._name}-away", error=type(error).__name__)
            self._away = True
            return
        if self._away:
            _log.info(f"{self._name}-back")
        self._away = False
