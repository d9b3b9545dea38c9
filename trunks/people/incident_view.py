"""What a tenant is told of an incident."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trunks.rules.what_changed import Change


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened when; `trunk_id` is the tenant's own."""

    at: datetime
    event: str
    trunk_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Other tenants' trunks, rounded to one digit."""

    about: int
    of_about: int


@dataclass(frozen=True, slots=True)
class IncidentView:
    """What a tenant is told: `trunks` of his `of` at the carrier are concerned.

    It was opened with his first trunk's fall, and closed with his last one's end.
    """

    id: UUID
    opened_at: datetime
    closed_at: datetime | None
    reason: str | None
    cause: str
    changed: tuple[Change, ...]
    trunks: int
    of: int
    elsewhere: Elsewhere | None
    timeline: tuple[Moment, ...]
