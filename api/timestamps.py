"""Times as talkover and bolna write them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import PlainSerializer


def write_timestamp(at: datetime) -> str:
    """Write in UTC to the second: 2024-01-15T14:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_end_of_wait(at: datetime) -> str:
    """Write a time until which somebody waits: to the second that is not before it."""
    return write_timestamp(at + timedelta(microseconds=-at.microsecond % 1_000_000))


Timestamp = Annotated[datetime, PlainSerializer(write_timestamp, return_type=str)]
