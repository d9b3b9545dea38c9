"""The console's pages: made of templates, kept by nobody, and with nothing from elsewhere."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.console.visit import OperatorVisit, Visit
from api.language.catalogs import translated
from api.language.languages import NAMES, current_language
from api.language.made_texts import said
from api.pages.headers import page_headers
from api.pages.templates import make_templates

FOLDER = Path(__file__).parent
ASSETS: Mapping[str, str] = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "htmx-2.0.11.min.js": "text/javascript",
    "htmx-sse-2.2.4.min.js": "text/javascript",
    "htmx-LICENSE.txt": "text/plain",
}
HEADERS = page_headers(
    "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'"
)

_VERSION_SIGNS = 12
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def page(
    template: str,
    visit: Visit | OperatorVisit | None,
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """Show a page; `visit` is whose it is."""
    known = {"visit": visit, "language": current_language().value, "languages": NAMES}
    text = _templates().get_template(template).render(known, **values)
    return HTMLResponse(text, status, {**HEADERS, **(headers or {})})


def see_other(path: str) -> Response:
    """Lead on to another page, each time anew."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})


def fragment(template: str, visit: Visit, **values: Any) -> str:
    """Write a part of a page."""
    return _templates().get_template(template).render(visit=visit, **values)


@cache
def _templates() -> Environment:
    templates = make_templates("api.console", "api.shared_page")
    templates.globals["asset"] = _asset
    templates.filters |= {"moment": write_moment, "ago": write_ago, "coded": split_code, "said": said}
    return templates


@cache
def _asset(name: str) -> str:
    """Give the address of a packaged file, another one for each content, so that browsers may keep it."""
    content = (FOLDER / "assets" / name).read_bytes()
    return f"/console/assets/{name}?v={sha256(content).hexdigest()[:_VERSION_SIGNS]}"


def write_moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def write_ago(at: datetime, now: datetime) -> str:
    """Say how long ago it was, for the eye; the moment itself stands beside it."""
    since = now - at
    if since < timedelta(minutes=1):
        return translated("just now")
    if since < _HOUR:
        return translated("{count} min ago").format(count=since // timedelta(minutes=1))
    if since < _DAY:
        return translated("{count} h ago").format(count=since // _HOUR)
    days = since.days
    return translated("1 day ago") if days == 1 else translated("{count} days ago").format(count=days)


def split_code(text: str) -> list[tuple[bool, str]]:
    """Cut a text at its backquotes: what is between two of them is code."""
    return [(number % 2 == 1, part) for number, part in enumerate(text.split("`")) if part]
