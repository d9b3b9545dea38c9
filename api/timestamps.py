"""Times as talkover and bolna write them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer


def write_timestamp(at: datetime) -> str:
    """Write in UTC to the second: 2024-01-15T14:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Timestamp = Annotated[datetime, PlainSerializer(write_timestamp, return_type=str)]
