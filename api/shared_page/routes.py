"""The page of a run, for whoever has a link to it (docs/evidence.md, "As a link"): no token, no cookie, no script."""

import re
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from pathlib import Path

from fastapi import APIRouter, Request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse, Response

from api.context import Context, context_of
from api.language.catalogs import translated
from api.language.languages import current_language
from api.shared_page.page import Page, page_of
from api.talkover.evidence_routes import pcapng
from sipcheck.report.capture import capture
from trunks.errors import EvidenceNotFound, SharedPageNotFound
from trunks.runs.sharing import OpenedPage

# From one address or IPv6 /64; behind a proxy that is not trusted all are the proxy's.
OPENED_PER_MINUTE = 120

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_IPV6_NETWORK_BITS = 64
_KEPT_SECONDS = 3600
_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}

router = APIRouter(prefix="/r", include_in_schema=False)


@router.get("/style.css")
async def style() -> Response:
    """Give the stylesheet, which is the same for all."""
    return _packaged("style.css", "text/css")


@router.get("/icon.svg")
async def icon() -> Response:
    """Give what a browser shows beside the page's title."""
    return _packaged("icon.svg", "image/svg+xml")


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
    allowance = await context.rate_limits.count(f"shared:{_source(request)}", OPENED_PER_MINUTE)
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
    pages = Environment(
        loader=PackageLoader("api.shared_page"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals["_"] = translated
    return pages


def _packaged(name: str, media_type: str) -> Response:
    headers = {**_HEADERS, "Cache-Control": f"public, max-age={_KEPT_SECONDS}"}
    return Response(_file(name), media_type=media_type, headers=headers)


@cache
def _file(name: str) -> bytes:
    return (Path(__file__).parent / name).read_bytes()


def _source(request: Request) -> str:
    """Name whoever asks, by his address."""
    host = "" if request.client is None else request.client.host
    try:
        parsed = ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if parsed.version == 4:
        return str(parsed)
    return str(parsed.ipv4_mapped or ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))
