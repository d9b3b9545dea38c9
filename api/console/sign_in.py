"""Signing in with a token of the API, and out."""

import secrets
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.console.page import page, see_other
from api.console.visit import (
    HOME,
    SIGN_IN,
    OfSession,
    forget_secret,
    form_token_of,
    own_path,
    read_form,
    require_own_form,
    secret_before,
    secret_of,
    set_secret,
    set_secret_before,
)
from api.context import context_of
from api.language.languages import PARAMETER, Language, speak, spoken
from api.pages.client_address import client_address
from api.problems import Problem

# From one address or IPv6 /64; behind a proxy that is not trusted all are the proxy's.
SIGN_INS_PER_MINUTE = 10

_SECRET_BYTES = 32
_LONGEST_TOKEN = 200
_log = structlog.get_logger(__name__)

router = APIRouter()


@router.get("/sign-in")
async def show_sign_in(request: Request) -> Response:
    """Ask for a token."""
    target = own_path(request.query_params.get("next", "")) or HOME
    # A cookie is kept from whoever comes from another site: he comes once more, from this page.
    if secret_of(request) is None and request.headers.get("sec-fetch-site") == "cross-site":
        return page("again.html", None, target=target)
    return _ask(request, target)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Begin a session. Raises Problem."""
    context = context_of(request)
    allowance = await context.rate_limits.count(
        f"console-sign-in:{client_address(request)}", SIGN_INS_PER_MINUTE
    )
    if not allowance.granted:
        raise _too_often(allowance.retry_after_seconds)
    fields = await read_form(request)
    require_own_form(fields, secret_before(request))
    target = own_path(fields.get("next", "")) or HOME
    token = fields.get("token", "").strip()[:_LONGEST_TOKEN]
    chosen = spoken(fields.get("language", ""))
    secret = await context.threads.run(context.installation.tenancy.sessions.begin, token, chosen)
    if secret is None:
        _log.info("console-sign-in-refused")
        if chosen is not None:
            speak(chosen)
        return _ask(request, target, refused=True, chosen=chosen)
    answer = see_other(target)
    set_secret(answer, request, secret)
    return answer


@router.post("/sign-out")
async def sign_out(form: OfSession) -> Response:
    """End the session."""
    sessions = form.context.installation.tenancy.sessions
    await form.context.threads.run(sessions.end, form.secret)
    answer = see_other(SIGN_IN)
    forget_secret(answer)
    return answer


@router.post("/language")
async def choose_language(form: OfSession) -> Response:
    """Speak another language from now on, and lead back to the page."""
    chosen = spoken(form.fields.get("language", ""))
    if chosen is not None:
        sessions = form.context.installation.tenancy.sessions
        await form.context.threads.run(sessions.speak, form.secret, chosen)
    target = own_path(form.fields.get("next", "")) or HOME
    return see_other(target)


def _ask(request: Request, target: str, *, refused: bool = False, chosen: Language | None = None) -> Response:
    secret = secret_before(request) or secrets.token_urlsafe(_SECRET_BYTES)
    answer = page(
        "sign_in.html",
        None,
        status=HTTPStatus.UNAUTHORIZED if refused else HTTPStatus.OK,
        target=target,
        form_token=form_token_of(secret),
        refused=refused,
        chosen=chosen or spoken(request.query_params.get(PARAMETER, "")),
    )
    set_secret_before(answer, request, secret)
    return answer


def _too_often(seconds: int) -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "RATE_LIMITED",
        f"From your address somebody has signed in {SIGN_INS_PER_MINUTE} times within a minute, or tried to; "
        f"try again in {seconds} s.",
        headers={"Retry-After": str(seconds)},
    )
