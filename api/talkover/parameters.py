"""What talkover's routes are given beside a body."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from api.call import Call, Calling
from api.parameters import id_in_path
from api.talkover.faults import wrong_field
from trunks.errors import DeliveryNotFound, EndpointNotFound, NumberNotFound, VerificationNotFound
from trunks.ids import read_id
from trunks.rules.health_history import LONGEST_SPAN, USUAL_SPAN, HistoryStep

_CALENDAR_BEGINS = datetime.min.replace(tzinfo=UTC)
MAX_PAGE = 100
DEFAULT_PAGE = 20


async def _verification_id(verification_id: str) -> UUID:
    return id_in_path(verification_id, VerificationNotFound)


async def _number_id(did_id: str) -> UUID:
    return id_in_path(did_id, NumberNotFound)


async def _endpoint_id(endpoint_id: str) -> UUID:
    return id_in_path(endpoint_id, EndpointNotFound)


async def _delivery_id(delivery_id: str) -> UUID:
    return id_in_path(delivery_id, DeliveryNotFound)


def _cursor(text: str) -> str:
    if read_id(text) is None:
        raise PydanticCustomError("cursor", "It is no next_cursor of this list")
    return text


def _moment(text: str) -> str:
    if _read_moment(text) is None:
        raise PydanticCustomError(
            "moment", "It must be a time in UTC as it is shown here: 2024-01-15T14:00:00Z"
        )
    return text


def _read_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        # A moment at the calendar's ends has no other zone.
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


VerificationId = Annotated[UUID, Depends(_verification_id)]
EndpointId = Annotated[UUID, Depends(_endpoint_id)]
DeliveryId = Annotated[UUID, Depends(_delivery_id)]
NumberId = Annotated[UUID, Depends(_number_id)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]
Cursor = Annotated[
    Annotated[str, AfterValidator(_cursor)] | None, Query(description="`next_cursor` of the page before.")
]
_Moment = Annotated[str, AfterValidator(_moment)]
From = Annotated[
    _Moment | None,
    Query(alias="from", description="From this time on; left out, a day of hours or 30 days before `to`."),
]
To = Annotated[_Moment | None, Query(description="Before this time; left out, now.")]
Step = Annotated[HistoryStep, Query(description="Whether hours or days are shown.")]


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is asked about."""

    step: HistoryStep
    since: datetime
    until: datetime


async def _span(call: Calling, since: From = None, to: To = None, step: Step = HistoryStep.HOUR) -> Span:
    until = _read_moment(to or "") or call.context.installation.clock()
    if until - _CALENDAR_BEGINS < LONGEST_SPAN[step]:
        raise wrong_field("to", "It must be a time at which something was checked.")
    begin = _read_moment(since or "") or until - USUAL_SPAN[step]
    if begin > until:
        raise wrong_field("from", "It must not be after `to`.")
    if until - begin > LONGEST_SPAN[step]:
        raise wrong_field("from", f"It must be at most {LONGEST_SPAN[step].days} days before `to`.")
    return Span(step, begin, until)


AskedSpan = Annotated[Span, Depends(_span)]


class Listed(Protocol):
    """A row that lists show by the order of its id."""

    @property
    def id(self) -> Any: ...


Row = TypeVar("Row", bound=Listed)


async def page_of(
    call: Call,
    service: Callable[..., Sequence[Row]],
    *args: Any,
    limit: int,
    cursor: str | None,
) -> tuple[Sequence[Row], str | None]:
    """Ask for a page, and give the cursor of the next: one row more than is shown tells whether there is one."""
    before = None if cursor is None else UUID(cursor)
    found = await call.ask(service, *args, limit=limit + 1, before=before)
    shown = found[:limit]
    return shown, str(shown[-1].id) if len(found) > limit else None
