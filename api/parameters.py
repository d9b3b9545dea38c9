"""What the routes of every dialect are given beside the call."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from api.request_state import state_of
from trunks.errors import Refused, TrunkNotFound
from trunks.ids import read_id


def id_in_path(text: str, missing: type[Refused]) -> UUID:
    """Read an id in a path. Raises `missing` for one that is malformed: it names nothing."""
    found = read_id(text)
    if found is None:
        raise missing
    return found


# Coroutines, since a plain function would be called in a thread: a hop for each request.
async def _trunk_id(trunk_id: str) -> UUID:
    return id_in_path(trunk_id, TrunkNotFound)


async def _makes_id(request: Request) -> UUID | None:
    return state_of(request.scope).makes_id


TrunkId = Annotated[UUID, Depends(_trunk_id)]
MakesId = Annotated[UUID | None, Depends(_makes_id)]
