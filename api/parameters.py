"""What the routes of every dialect are given."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Request

from api.context import Context, context_of
from api.request_state import current_caller, makes_id_of
from trunks.errors import Refused, TrunkNotFound
from trunks.ids import read_id
from trunks.tenancy.tenants import Caller


# Coroutines, since a plain function would be called in a thread: a hop for each request.
async def _calling(request: Request) -> Caller:
    return current_caller(request)


async def _using(request: Request) -> Context:
    return context_of(request)


def id_in_path(text: str, missing: type[Refused]) -> UUID:
    """Read an id in a path. Raises `missing` for one that is malformed: it names nothing."""
    found = read_id(text)
    if found is None:
        raise missing
    return found


async def _trunk_id(trunk_id: str) -> UUID:
    return id_in_path(trunk_id, TrunkNotFound)


async def _makes_id(request: Request) -> UUID | None:
    return makes_id_of(request.scope)


Calling = Annotated[Caller, Depends(_calling)]
Using = Annotated[Context, Depends(_using)]
TrunkId = Annotated[UUID, Depends(_trunk_id)]
MakesId = Annotated[UUID | None, Depends(_makes_id)]


def current_request_id() -> str | None:
    """Give the id of the request that is being answered; the work it asks for carries it on."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found
