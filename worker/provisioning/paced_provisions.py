"""The work on the voice infrastructure that nobody waits for, at its pace, beside what is asked for."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from trunks.doorbell import TEND_INTERVAL_SECONDS
from trunks.provisions.pace import ProvisionPace

# So many wait for the infrastructure at the same time; a person's work has threads of its own.
_AT_ONCE = 4
# While more waits than the pace lets go.
_LOOK_AGAIN_SECONDS = 0.2


class PacedProvisions:
    """Takes turns in one thread, until `ended` is set; `run` does what waits for a trunk."""

    def __init__(self, pace: ProvisionPace, run: Callable[[UUID], None], *, ended: threading.Event) -> None:
        self._pace = pace
        self._run = run
        self._ended = ended
        self._to_look = threading.Event()
        self._was_busy = False

    def look(self) -> None:
        """Something waits; return at once, from any thread."""
        self._to_look.set()

    def turn(self) -> None:
        """Wait until something may be due, and do it. Raises StoreUnavailable."""
        self._to_look.wait(_LOOK_AGAIN_SECONDS if self._was_busy else TEND_INTERVAL_SECONDS)
        self._to_look.clear()
        if self._ended.is_set():
            return
        self._was_busy = False
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="provision-paced") as threads:
            while taken := self._pace.take(limit=_AT_ONCE):
                self._was_busy = True
                list(threads.map(self._run_unless_ended, taken))
                if self._ended.is_set():
                    return

    def _run_unless_ended(self, trunk_id: UUID) -> None:
        # What was taken and is not begun by then is due again in a moment, for another worker.
        if not self._ended.is_set():
            self._run(trunk_id)
