"""Links to a verification's page, as talkover shows them (ours)."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.timestamps import Timestamp


class LinkShown(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    expires_at: Timestamp


class LinkMade(LinkShown):
    url: str = Field(description="Shown this once: only a hash of it is kept.")


class LinkCreated(BaseModel):
    success: bool = True
    data: LinkMade


class LinkList(BaseModel):
    success: bool = True
    data: list[LinkShown]


class LinkRemoved(BaseModel):
    success: bool = True
    message: str = "The link opens nothing any more."
