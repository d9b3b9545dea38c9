"""Links to the page of a verification (ours; docs/evidence.md, "As a link")."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from api.body import Body, shown_with
from api.call import Calling
from api.dialects import TALKOVER
from api.parameters import MakesId, TrunkId, id_in_path
from api.talkover.parameters import VerificationId
from api.talkover.verifications.share_answers import LinkCreated, LinkList, LinkMade, LinkRemoved, LinkShown
from trunks.errors import SharedPageNotFound
from trunks.runs.sharing import DEFAULT_DAYS, MOST_DAYS

_answers = TALKOVER.fault_answers

router = APIRouter(prefix="/sip-trunks/{trunk_id}/verifications/{verification_id}/share")


class ShareVerification(Body):
    """For how long a link opens the page."""

    model_config = shown_with(days=DEFAULT_DAYS)

    days: Annotated[int, Field(ge=1, le=MOST_DAYS)] = Field(DEFAULT_DAYS, description="From 1 to 30 (ours).")


async def _link_id(link_id: str) -> UUID:
    return id_in_path(link_id, SharedPageNotFound)


@router.post("", status_code=HTTPStatus.CREATED, responses=_answers(400, 404, 409, 413, 415, 422))
async def share_verification(
    trunk_id: TrunkId,
    verification_id: VerificationId,
    call: Calling,
    makes_id: MakesId,
    response: Response,
    body: ShareVerification | None = None,
) -> LinkCreated:
    """Make a link to a page that shows this run to whoever has it, without a login (ours).

    Telephone numbers are shortened there, and nothing says whose trunk it is.
    """
    days = (body or ShareVerification()).days
    sharing = call.context.installation.runs.sharing
    made = await call.ask(sharing.share, trunk_id, verification_id, days=days, page_id=makes_id)
    response.headers["Cache-Control"] = "no-store"
    return LinkCreated(data=LinkMade(id=made.page.id, expires_at=made.page.expires_at, url=made.url))


@router.get("", responses=_answers(404))
async def list_links(trunk_id: TrunkId, verification_id: VerificationId, call: Calling) -> LinkList:
    """List the links of this run that still open, newest first (ours)."""
    sharing = call.context.installation.runs.sharing
    found = await call.ask(sharing.standing, trunk_id, verification_id)
    return LinkList(data=[LinkShown.model_validate(each) for each in found])


@router.delete("/{link_id}", responses=_answers(404))
async def take_link_back(
    trunk_id: TrunkId,
    verification_id: VerificationId,
    link_id: Annotated[UUID, Depends(_link_id)],
    call: Calling,
) -> LinkRemoved:
    """Let a link open nothing from now on (ours)."""
    sharing = call.context.installation.runs.sharing
    await call.ask(sharing.take_back, trunk_id, verification_id, link_id)
    return LinkRemoved()
