"""Incidents as talkover shows them (ours)."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.language.made_texts import said
from api.timestamps import Timestamp
from trunks.people.incident_view import IncidentView
from trunks.rules.what_changed import Change


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ChangeShown(_Shown):
    what: str
    before: str
    after: str
    sentence: str


class ConcernedShown(BaseModel):
    trunks: int = Field(description="Of your trunks that fell.")
    of: int = Field(description="Your trunks at this carrier.")


class ElsewhereShown(_Shown):
    about: int
    of_about: int


class MomentShown(_Shown):
    at: Timestamp
    event: str
    trunk_id: UUID | None


class IncidentShown(BaseModel):
    id: UUID
    opened_at: Timestamp
    closed_at: Timestamp | None
    reason: str | None
    cause: str
    changed: list[ChangeShown] = Field(description="Empty: nothing was found to have changed.")
    concerned: ConcernedShown
    elsewhere: ElsewhereShown | None = Field(
        description="Trunks of others, rounded to one digit; null where fewer than five environments are concerned."
    )
    timeline: list[MomentShown]


class IncidentFound(BaseModel):
    success: bool = True
    data: IncidentShown


class IncidentPage(BaseModel):
    success: bool = True
    data: list[IncidentShown]
    next_cursor: str | None


def show_incident(view: IncidentView) -> IncidentShown:
    elsewhere = view.elsewhere
    return IncidentShown(
        id=view.id,
        opened_at=view.opened_at,
        closed_at=view.closed_at,
        reason=view.reason,
        cause=said(view.cause),
        changed=[_change(each) for each in view.changed],
        concerned=ConcernedShown(trunks=view.trunks, of=view.of),
        elsewhere=None if elsewhere is None else ElsewhereShown.model_validate(elsewhere),
        timeline=[MomentShown.model_validate(each) for each in view.timeline],
    )


def _change(change: Change) -> ChangeShown:
    return ChangeShown.model_validate(change).model_copy(update={"sentence": said(change.sentence)})
