"""For how long messages about a trunk are held, as talkover shows it (ours)."""

from pydantic import BaseModel, Field

from api.timestamps import Timestamp


class MaintenanceShown(BaseModel):
    since: Timestamp
    until: Timestamp = Field(description="At the latest: whoever runs the service may end it before.")


class MaintenanceFound(BaseModel):
    success: bool = True
    data: MaintenanceShown | None = Field(description="Null: nothing is held.")
