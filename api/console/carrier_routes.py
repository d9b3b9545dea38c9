"""Where the trunks lead, and how it is there."""

from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.console.page import page
from api.console.reasons import page_of_reason
from api.console.visit import HOME, Visiting
from api.language.catalogs import translated
from trunks.catalog.carriers import MOST_COUNTED, CarrierView
from trunks.ids import read_id

CARRIERS = f"{HOME}/carriers"

_ROWS = 50
_LONGEST_DOMAIN = 255

router = APIRouter()


@router.get("/carriers")
async def list_carriers(request: Request, visit: Visiting) -> Response:
    """List them by their names."""
    query = request.query_params
    behind, domain = read_id(query.get("id", "")), query.get("after", "").replace("\x00", "")
    after = None if behind is None else (domain[:_LONGEST_DOMAIN], behind)
    found = await visit.call.ask(visit.call.catalog.carriers.page, limit=_ROWS + 1, after=after)
    shown = found[:_ROWS]
    more = None
    if len(found) > _ROWS:
        more = f"{CARRIERS}?{urlencode({'after': shown[-1].domain, 'id': shown[-1].id})}"
    now = visit.call.context.installation.clock()
    rows = [(each, _why(each), _days(each, now)) for each in shown]
    return page("carriers.html", visit, rows=rows, more=more, most=MOST_COUNTED, now=now)


def _why(carrier: CarrierView) -> str:
    if carrier.alive is None or carrier.reason is None:
        return translated("Not asked yet.")
    return translated("It answers.") if carrier.alive else page_of_reason(carrier.reason).line


def _days(carrier: CarrierView, now: datetime) -> int | None:
    ends = carrier.certificate_expires_at
    return None if ends is None else (ends - now).days
