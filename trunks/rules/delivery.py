"""What a try to deliver a message comes to (docs/design/people.md, "Messages"): pure functions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

# What follows each failed try but the last: eight tries within 24 hours and a little jitter.
DELAYS = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 600, 3_600, 4 * 3_600, 8 * 3_600, 39_600 - 670)
)
MOST_TRIES = len(DELAYS) + 1
_JITTER = 0.1
_LONGEST_WAIT = timedelta(hours=24)
FAILING_DISABLES_AFTER = timedelta(days=5)
# A message waits so long for its elder of the same trunk.
ELDER_WAITS = timedelta(minutes=15)

_GONE = 410
_SAYING_WHEN = (429, 503)


class DeliveryStatus(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class DisabledReason(StrEnum):
    GONE = "gone"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Try:
    """What a try came to: the receiver's status, or why there was none; Retry-After where the receiver said so."""

    status: int | None
    error: str | None = None
    retry_after_seconds: float | None = None

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows for the delivery and for its endpoint, which has failed since `failing_since`."""

    status: DeliveryStatus
    next_try_at: datetime | None = None
    disabled: DisabledReason | None = None
    failing_since: datetime | None = None


def after_try(
    tried: Try, tries: int, failing_since: datetime | None, now: datetime, *, random: float
) -> Consequence:
    """Judge a try, with it the `tries`-th of its delivery; `random` is from 0 to 1."""
    if tried.delivered:
        return Consequence(DeliveryStatus.DELIVERED)
    since = failing_since or now
    if tried.status == _GONE:
        return Consequence(DeliveryStatus.FAILED, disabled=DisabledReason.GONE, failing_since=since)
    disabled = DisabledReason.FAILING if now - since >= FAILING_DISABLES_AFTER else None
    if tries >= MOST_TRIES:
        return Consequence(DeliveryStatus.FAILED, disabled=disabled, failing_since=since)
    delay = DELAYS[tries - 1] * (1 + _JITTER * (2 * random - 1))
    if tried.status in _SAYING_WHEN and tried.retry_after_seconds is not None:
        delay = max(delay, min(timedelta(seconds=tried.retry_after_seconds), _LONGEST_WAIT))
    return Consequence(DeliveryStatus.WAITING, now + delay, disabled, since)


def read_retry_after(text: str, now: datetime) -> float | None:
    """Read Retry-After, seconds or a date (RFC 9110 §10.2.3); None for what is neither."""
    if text.strip().isascii() and text.strip().isdigit():
        return float(text.strip()[:9])
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
