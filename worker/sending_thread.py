"""A thread that sends ids to somewhere that may be away or hang, so that nobody else ever waits for it."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger(__name__)

# More than this waits only while the other end hangs.
_WAITING_ITEMS = 10_000
_SENT_AT_ONCE = 100
# What nobody waits for is sent together with what comes meanwhile.
GATHER_SECONDS = 0.2

Item = TypeVar("Item")


class SendingThread(Generic[Item]):
    """Sends between start() and stop(); what cannot be sent is dropped, since the rows say it all.

    `send` is given what was handed over since it was called last, up to a hundred at once. It raises what its transport
    raises; the first of a series of failures is logged as `<name>-away`.
    """

    def __init__(self, name: str, send: Callable[[Sequence[Item]], None]) -> None:
        self._name = name
        self._send = send
        self._items: deque[Item] = deque()
        # Whoever hands over wakes the thread for the first item, and for one that is hurried: to wake it for each one
        # took as long as all else.
        self._some = threading.Event()
        self._hurry = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._send_all, name=f"{name}-sender", daemon=True)
        self._away = False

    def start(self) -> None:
        self._thread.start()

    def hand_over(self, item: Item, *, hurried: bool = True) -> None:
        """Return at once, whatever the other end does; `hurried` is what somebody waits for."""
        if len(self._items) >= _WAITING_ITEMS:
            _log.warning(f"{self._name}-overfull", dropped=str(item))
            return
        self._items.append(item)
        if hurried or len(self._items) >= _SENT_AT_ONCE:
            self._hurry.set()
        if not self._some.is_set():
            self._some.set()

    def stop(self, *, timeout_seconds: float = 1.0) -> None:
        """Send what was handed over before, unless the other end takes too long for it."""
        self._ended = True
        self._hurry.set()
        self._some.set()
        self._thread.join(timeout_seconds)

    def _send_all(self) -> None:
        while not self._ended or self._items:
            items = self._gathered()
            if items:
                self._send_some(items)

    def _gathered(self) -> list[Item]:
        """Wait for an item, and take what there is beside it."""
        self._some.wait()
        self._hurry.wait(GATHER_SECONDS)
        # First cleared and then taken: what comes in between is taken now, and wakes the thread once more for nothing.
        self._hurry.clear()
        self._some.clear()
        items = [self._items.popleft() for _ in range(min(len(self._items), _SENT_AT_ONCE))]
        if self._items:
            self._hurry.set()
            self._some.set()
        return items

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
