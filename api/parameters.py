"""What the routes of every dialect are given."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import Depends, Request

from api.authentication import current_caller
from api.context import Context, context_of
from api.idempotency import makes_id_of
from trunks.services.tenants import Caller


# Coroutines, since a plain function would be called in a thread: a hop for each request.
async def _calling(request: Request) -> Caller:
    return current_caller(request)


async def _using(request: Request) -> Context:
    return context_of(request)


async def _makes_id(request: Request) -> UUID | None:
    return makes_id_of(request.scope)


Calling = Annotated[Caller, Depends(_calling)]
Using = Annotated[Context, Depends(_using)]
MakesId = Annotated[UUID | None, Depends(_makes_id)]


def current_request_id() -> str | None:
    """Give the id of the request that is being answered; the work it asks for carries it on."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found
