"""A steady pace: so many requests a second over everything that shares it."""

import asyncio


class Pace:
    """Gives turns at `per_second`, one at a time and without bursts; `None` gives them at once.

    What one turn sends beyond its one request is debited from those to come, so the average holds.
    """

    def __init__(self, per_second: float | None = None) -> None:
        self._interval_seconds = 1 / per_second if per_second else 0.0
        self._next_at = 0.0

    async def turn(self) -> None:
        """Wait for the next turn."""
        now = asyncio.get_running_loop().time()
        due_at = max(self._next_at, now)
        self._next_at = due_at + self._interval_seconds
        if due_at > now:
            await asyncio.sleep(due_at - now)

    def debit(self, requests: int) -> None:
        """Count requests that were sent without a turn of their own."""
        self._next_at += max(0, requests) * self._interval_seconds
