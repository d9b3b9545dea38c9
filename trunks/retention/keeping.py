"""How long rows are kept (docs/design/service.md, "What is kept, and for how long")."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """In days; what no setting says is in the constants below."""

    verifications: int = 90
    flips: int = 365
    hourly_rollups: int = 30
    daily_rollups: int = 400
    freezes: int = 90
    unused_destinations: int = 7
    mass_falls: int = 90
    messages: int = 30


IDLE_ADDRESSES = timedelta(days=1)
# The longest window that they are counted over, and an hour.
KNOCKS = timedelta(hours=25)
# The longest limit that counts them, and an hour.
CALL_QUOTAS = timedelta(hours=25)
# Longer than any backup that is still restored.
GIVEN_UP_SIDES = timedelta(days=400)
LEFT_LADDERS = timedelta(hours=1)
# What is held by one maintenance behind the other waits no longer than that.
HELD_MESSAGES = timedelta(days=400)
# All tries of a message that is not held any more, and a day.
SENT_WITHIN = timedelta(days=2)
KEPT_ANSWERS = timedelta(hours=24)
LOST_WORKERS = timedelta(hours=1)
