"""A trunk's history as talkover shows it (ours)."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.timestamps import Timestamp
from trunks.rules.trunk_state import Cause


class EventShown(BaseModel):
    """A change of state."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: Timestamp
    cause: Cause
    changes: dict[str, list[Any]] = Field(description="{field: [old, new]}")
    verification_id: UUID | None = Field(description="The verification that made the change, if one did.")


class EventList(BaseModel):
    success: bool = True
    data: list[EventShown]
    next_cursor: str | None
