"""The page of a run, for whoever has a link to it (docs/evidence.md, "As a link"): no token, no cookie, no script."""

import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, Response

from api.context import Context, context_of
from api.language.languages import current_language
from api.pages.client_address import client_address
from api.pages.headers import packaged, page_headers
from api.pages.templates import make_templates
from api.shared_page.page import Page, page_of
from api.talkover.verifications.evidence_routes import pcapng
from sipcheck.report.capture import capture
from trunks.errors import EvidenceNotFound, SharedPageNotFound
from trunks.runs.sharing import OpenedPage

# From one address or IPv6 /64; behind a proxy that is not trusted all are the proxy's.
OPENED_PER_MINUTE = 120

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_FOLDER = Path(__file__).parent
_HEADERS = page_headers("style-src 'self'; img-src 'self'; form-action 'none'")

router = APIRouter(prefix="/r", include_in_schema=False)


@router.get("/style.css")
async def style() -> Response:
    """Give the stylesheet, which is the same for all."""
    return packaged(_FOLDER / "style.css", "text/css", _HEADERS)


@router.get("/icon.svg")
async def icon() -> Response:
    """Give what a browser shows beside the page's title."""
    return packaged(_FOLDER / "icon.svg", "image/svg+xml", _HEADERS)


@router.get("/{token}")
async def open_page(token: str, request: Request) -> Response:
    """Show the run."""
    opened = await _open(token, request)
    return opened if isinstance(opened, Response) else _page("report.html", page_of(opened, f"/r/{token}"))


@router.get("/{token}/evidence.pcapng")
async def open_evidence(token: str, request: Request) -> Response:
    """Give the run's messages, with the numbers shortened as on the page."""
    opened = await _open(token, request)
    if isinstance(opened, Response):
        return opened
    answer = pcapng(b"".join(capture(opened.reports)), opened.verification_id)
    answer.headers.update(_HEADERS)
    return answer


async def _open(token: str, request: Request) -> OpenedPage | Response:
    """Find what a link shows, or what is answered instead."""
    context = context_of(request)
    allowance = await context.rate_limits.count(f"shared:{client_address(request)}", OPENED_PER_MINUTE)
    if not allowance.granted:
        seconds = str(allowance.retry_after_seconds)
        return _page("busy.html", None, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": seconds})
    if _TOKEN.fullmatch(token) is None:
        return _gone()
    return await _found(token, context)


async def _found(token: str, context: Context) -> OpenedPage | Response:
    try:
        return await context.threads.run(context.installation.runs.sharing.open, token)
    except (SharedPageNotFound, EvidenceNotFound):
        return _gone()


def _gone() -> Response:
    return _page("gone.html", None, HTTPStatus.NOT_FOUND)


def _page(
    template: str,
    page: Page | None,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    text = _templates().get_template(template).render(page=page, language=current_language())
    return HTMLResponse(text, status, {**_HEADERS, **(headers or {})})


@cache
def _templates() -> Environment:
    return make_templates("api.shared_page")
