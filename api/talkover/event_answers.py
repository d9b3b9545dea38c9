"""A trunk's history as talkover shows it (ours)."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.timestamps import Timestamp
from trunks.models.flip import Flip
from trunks.rules.trunk_state import Cause


class EventShown(BaseModel):
    """A change of state."""

    id: UUID
    at: Timestamp
    cause: Cause
    changes: dict[str, list[Any]] = Field(description="{field: [old, new]}")
    verification_id: UUID | None = Field(description="The verification that made the change, if one did.")


class EventList(BaseModel):
    success: bool = True
    data: list[EventShown]
    next_cursor: str | None


def show_event(flip: Flip) -> EventShown:
    return EventShown.model_validate(flip, from_attributes=True)
