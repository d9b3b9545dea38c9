"""The work on the voice infrastructure that nobody waits for, at its pace, beside what is asked for."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from trunks.doorbell import TEND_INTERVAL_SECONDS
from trunks.provisions.pace import ProvisionPace

# So many wait for the infrastructure at the same time; a person's work has threads of its own.
_AT_ONCE = 4
# So many are claimed together, and their sides read.
_TAKEN_TOGETHER = 20
# While more waits than the pace lets go.
_LOOK_AGAIN_SECONDS = 0.2


class PacedProvisions:
    """Takes turns in one thread, until `ended` is set; `claim` gives what is to be done for trunks."""

    def __init__(
        self,
        pace: ProvisionPace,
        claim: Callable[[Sequence[UUID]], Sequence[Callable[[], None]]],
        *,
        ended: threading.Event,
    ) -> None:
        self._pace = pace
        self._claim = claim
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
        self._was_busy = False
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="provision-paced") as threads:
            # What was taken and is not claimed by then is due again in a moment, for another worker.
            while not self._ended.is_set() and (taken := self._pace.take(limit=_TAKEN_TOGETHER)):
                self._was_busy = True
                list(threads.map(_do, self._claim(taken)))


def _do(work: Callable[[], None]) -> None:
    work()
