"""The console: pages for people over the services of the API (docs/design/console.md)."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.console import (
    call_routes,
    carrier_routes,
    incident_routes,
    new_trunk_routes,
    operator_routes,
    sign_in,
    trunk_edit_routes,
    trunk_list,
    trunk_routes,
)
from api.console.page import ASSETS, FOLDER, HEADERS, see_other
from api.console.visit import HOME, TRUNKS, Visiting
from api.pages.headers import packaged

router = APIRouter(prefix=HOME, include_in_schema=False)


@router.get("")
async def show_home(visit: Visiting) -> Response:
    """Lead to the trunks."""
    return see_other(TRUNKS)


@router.get("/assets/{name}")
async def show_asset(name: str) -> Response:
    """Give a file that is the same for all."""
    if name not in ASSETS:
        raise HTTPException(404)
    return packaged(FOLDER / "assets" / name, ASSETS[name], HEADERS)


# New trunks first: their path would be read as a trunk's id.
for part in (
    sign_in,
    trunk_edit_routes,
    trunk_list,
    new_trunk_routes,
    trunk_routes,
    incident_routes,
    call_routes,
    carrier_routes,
    operator_routes,
):
    router.include_router(part.router)
