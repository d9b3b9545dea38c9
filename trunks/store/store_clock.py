"""The time of day as the database server has it, so that machines whose clocks differ agree on what is due."""

import threading
import time
from datetime import datetime, timedelta

from sqlalchemy import text

from trunks.clock import utc_now
from trunks.errors import StoreUnavailable
from trunks.store.database import Database

# Two machines' oscillators drift apart by less than a tenth of a second in it.
_MEASURED_FOR_SECONDS = 600.0

_NOW = text("SELECT clock_timestamp()")


class StoreClock:
    """A Clock. It goes on by itself between measurements, whatever is done to this machine's time of day.

    With SQLite there is one machine, and its own time of day is taken.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._measuring = threading.Lock()
        # The server's time, and when it was that by this process's own watch: set together.
        self._measured: tuple[datetime, float] | None = None

    def __call__(self) -> datetime:
        if self._database.is_sqlite:
            return utc_now()
        measured = self._measured
        if measured is None or time.monotonic() - measured[1] > _MEASURED_FOR_SECONDS:
            self._measure_again()
            measured = self._measured
        if measured is None:
            return utc_now()
        store_time, measured_at = measured
        return store_time + timedelta(seconds=time.monotonic() - measured_at)

    def measure(self) -> None:
        """Ask the server. Raises StoreUnavailable."""
        if self._database.is_sqlite:
            return
        asked_at = time.monotonic()
        with self._database.question() as session:
            store_time: datetime = session.scalars(_NOW).one()
        answered_at = time.monotonic()
        # The answer was made somewhere on the way.
        self._measured = store_time, (asked_at + answered_at) / 2

    def _measure_again(self) -> None:
        # One asks for all; who comes meanwhile takes what there is.
        if self._measuring.acquire(blocking=self._measured is None):
            try:
                self.measure()
            except StoreUnavailable:
                # Whoever asked for the time is about to notice.
                return
            finally:
                self._measuring.release()
