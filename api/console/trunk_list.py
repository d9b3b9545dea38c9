"""The trunks of an environment, those that need a person first."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.console.page import page
from api.console.trunk_rows import rows_of
from api.console.visit import TRUNKS, Visiting
from api.language.catalogs import marked
from trunks.ids import read_id
from trunks.repositories.needed_trunks import Place
from trunks.rules.attention import Attention

ROWS = 50

_LONGEST_SEARCH = 100
_TABS = (
    (None, marked("All")),
    (Attention.FALLEN, marked("Not working")),
    (Attention.NEVER_WORKED, marked("Never worked")),
    (Attention.DEGRADED, marked("Degraded")),
    (Attention.WELL, marked("Working")),
)

router = APIRouter()


@router.get("/trunks")
async def list_trunks(request: Request, visit: Visiting) -> Response:
    """List trunks; what a query says that is no filter of ours is left out."""
    query = request.query_params
    shown = _attention(query.get("show", ""))
    search = query.get("search", "").replace("\x00", "").strip()[:_LONGEST_SEARCH]
    after = _place(query.get("after", ""))
    found = await visit.call.ask(
        visit.call.catalog.views.by_need, of=shown, search=search or None, limit=ROWS + 1, after=after
    )
    rows = await rows_of(visit.call, found[:ROWS])
    last = found[ROWS - 1] if len(found) > ROWS else None
    return page(
        "trunks.html",
        visit,
        rows=rows,
        tabs=[(label, _address(each, search), each is shown) for each, label in _TABS],
        shown=shown,
        search=search,
        is_first=after is None,
        first=_address(shown, search),
        more=None if last is None else _address(shown, search, after=f"{last[0]}.{last[1].id}"),
        now=visit.call.context.installation.clock(),
    )


def _attention(text: str) -> Attention | None:
    return Attention(text) if text in set(Attention) else None


def _place(text: str) -> Place | None:
    named, _, trunk = text.partition(".")
    attention, trunk_id = _attention(named), read_id(trunk)
    return None if attention is None or trunk_id is None else Place(attention, trunk_id)


def _address(shown: Attention | None, search: str, **more: str) -> str:
    given = {"show": shown or "", "search": search, **more}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{TRUNKS}?{query}" if query else TRUNKS
