"""The doorbell: a message says that a row may be due, and nothing else.

Source: docs/design/architecture.md, "Rows are the truth".
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

# Every worker looks for rows that nobody came for, and for leases that are over, this often.
TEND_INTERVAL_SECONDS = 5.0


# Called with the id of what is done, from whatever thread did it.
OnDone = Callable[[UUID], None]


class Doorbell(Protocol):
    """Tells workers that a run is due. What is lost costs a moment: they look by themselves, too."""

    def ring(self, verification_id: UUID, *, on_demand: bool = False) -> None:
        """Return at once, whatever the broker does; `on_demand` says that somebody waits for the run."""

    def ring_provision(self, trunk_id: UUID) -> None:
        """The same for a trunk that has to be provisioned."""


def next_notify_at(now: datetime) -> datetime:
    """When provisioning that nobody came for is rung again."""
    return now + timedelta(seconds=TEND_INTERVAL_SECONDS)
