"""Times as talkover and bolna write them."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer


def written(moment: datetime) -> str:
    """Write in UTC to the second: 2024-01-15T14:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[datetime, PlainSerializer(written, return_type=str)]
