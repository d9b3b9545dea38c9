"""A tenant's trunks in one answer, for the vendors whose clients know no pages: read and written page by page."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel

from api.call import Call
from trunks.catalog.views import TrunkView, TrunkViews
from trunks.repositories.trunks import TrunkFilter
from trunks.tenancy.tenants import Caller

MOST_SHOWN = 1000

# One thread's work at a time: between pages others have their turn at it.
_PAGE = 50

Show = Callable[[TrunkView], BaseModel]


async def whole_list(call: Call, wanted: TrunkFilter, show: Show) -> bytes:
    """Give the newest MOST_SHOWN trunks as a JSON array, off the loop."""
    written: list[bytes] = []
    before: UUID | None = None
    while (limit := min(_PAGE, MOST_SHOWN - len(written))) > 0:
        page = await call.ask(_write_page, call.catalog.views, wanted, show, before=before, limit=limit)
        written += page.written
        before = page.last
        if len(page.written) < limit:
            break
    return b"[" + b",".join(written) + b"]"


@dataclass(frozen=True, slots=True)
class _Page:
    written: list[bytes]
    last: UUID | None


def _write_page(
    caller: Caller, views: TrunkViews, wanted: TrunkFilter, show: Show, *, before: UUID | None, limit: int
) -> _Page:
    found = views.page(caller, wanted, limit=limit, before=before)
    # Each by itself: to write many at once would keep the loop waiting for Python's lock.
    written = [show(view).model_dump_json(by_alias=True).encode() for view in found]
    return _Page(written, found[-1].id if found else None)
