"""What talkover's routes are given beside a body."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from api.call import Call
from api.parameters import id_in_path
from trunks.errors import NumberNotFound, VerificationNotFound
from trunks.ids import read_id

MAX_PAGE = 100
DEFAULT_PAGE = 20


async def _verification_id(verification_id: str) -> UUID:
    return id_in_path(verification_id, VerificationNotFound)


async def _number_id(did_id: str) -> UUID:
    return id_in_path(did_id, NumberNotFound)


def _cursor(text: str) -> str:
    if read_id(text) is None:
        raise PydanticCustomError("cursor", "It is no next_cursor of this list")
    return text


VerificationId = Annotated[UUID, Depends(_verification_id)]
NumberId = Annotated[UUID, Depends(_number_id)]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many at most.")]
Cursor = Annotated[
    Annotated[str, AfterValidator(_cursor)] | None, Query(description="`next_cursor` of the page before.")
]


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
