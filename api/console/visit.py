"""Who is at the console, by the cookie of his session: the one place where that is judged."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from http import HTTPStatus
from typing import Annotated, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from fastapi import Depends, Request
from starlette.responses import Response

from api.call import Call
from api.context import Context, context_of
from api.language.catalogs import marked, translated
from api.language.languages import PARAMETER, Language, speak
from api.middleware.rate_limits import rate_limited
from api.problems import Problem, operators_token, read_only_token
from trunks.tenancy.console_sessions import LASTS, Visitor
from trunks.tenancy.tenants import Caller, Operator

HOME = "/console"
TRUNKS = f"{HOME}/trunks"
OPERATOR = f"{HOME}/operator"
SIGN_IN = f"{HOME}/sign-in"
FORM_TOKEN = "form_token"  # noqa: S105 - a field's name

# Path and name.
Pages = tuple[tuple[str, str], ...]

_COOKIE = "trunkd_console"
# Of somebody who is about to sign in: what his form is told by.
_COOKIE_BEFORE = "trunkd_console_form"
_BEFORE_SECONDS = 3600
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_MOST_FIELDS = 60
# What leads back to a page of the console, and to nothing else.
_OWN_PATH = re.compile(rf"{HOME}(/[A-Za-z0-9._-]+)*")


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody of an environment who is signed in; `secret` is what his cookie holds, `path` the page he is at."""

    call: Call
    environment: str
    secret: str
    path: str

    home: ClassVar[str] = TRUNKS
    pages: ClassVar[Pages] = (
        (TRUNKS, marked("Trunks")),
        (f"{HOME}/incidents", marked("Incidents")),
        (f"{HOME}/carriers", marked("Carriers")),
    )

    @property
    def form_token(self) -> str:
        return form_token_of(self.secret)

    @property
    def may_write(self) -> bool:
        """Whether pages offer what changes something; a form that is sent all the same is judged where it is read."""
        return self.call.caller.may_write


@dataclass(frozen=True, slots=True)
class OperatorVisit:
    """Whoever runs the service, signed in: of no environment, and shown what is there of all."""

    context: Context
    secret: str
    path: str

    home: ClassVar[str] = OPERATOR
    pages: ClassVar[Pages] = (
        (OPERATOR, marked("The service")),
        (f"{OPERATOR}/incidents", marked("Incidents")),
    )

    @property
    def form_token(self) -> str:
        return form_token_of(self.secret)

    @property
    def environment(self) -> str:
        return translated("operator")


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was sent from a page of this visit."""

    visit: Visit
    fields: Mapping[str, str]

    @property
    def call(self) -> Call:
        return self.visit.call


@dataclass(frozen=True, slots=True)
class SessionForm:
    """A form about the session alone, which whoever is signed in may send."""

    context: Context
    secret: str
    fields: Mapping[str, str]


class SignInNeeded(Problem):
    """Nobody is signed in, or no longer; a script is told so in its own way, since it follows a redirection unseen."""

    def __init__(self, path: str, *, by_script: bool) -> None:
        target = f"{SIGN_IN}?next={quote(path)}" if own_path(path) not in (None, HOME) else SIGN_IN
        status = HTTPStatus.UNAUTHORIZED if by_script else HTTPStatus.SEE_OTHER
        headers = {"HX-Redirect" if by_script else "Location": target}
        super().__init__(status, "SIGN_IN_NEEDED", "Your session has ended; sign in again.", headers=headers)


def form_token_of(secret: str) -> str:
    """Give what the forms of a session hold, from which nobody learns what its cookie holds."""
    return sha256(f"form {secret}".encode()).hexdigest()


def own_path(text: str) -> str | None:
    """Give a path of the console; None for whatever leads elsewhere."""
    return text if _OWN_PATH.fullmatch(text) and "/.." not in text else None


def secret_of(request: Request) -> str | None:
    return _usable(request.cookies.get(_COOKIE))


def secret_before(request: Request) -> str | None:
    return _usable(request.cookies.get(_COOKIE_BEFORE))


def set_secret(answer: Response, request: Request, secret: str) -> None:
    """Begin a session in the browser."""
    _set(answer, request, _COOKIE, secret, int(LASTS.total_seconds()))
    answer.delete_cookie(_COOKIE_BEFORE, path=HOME)


def set_secret_before(answer: Response, request: Request, secret: str) -> None:
    _set(answer, request, _COOKIE_BEFORE, secret, _BEFORE_SECONDS)


def forget_secret(answer: Response) -> None:
    answer.delete_cookie(_COOKIE, path=HOME)


async def read_form(request: Request) -> Mapping[str, str]:
    """Read the fields of a form; of one that comes twice, the last. Raises Problem."""
    try:
        body = (await request.body()).decode("utf-8")
        return dict(parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "INVALID_FORM", "The form cannot be read; load the page again."
        ) from None


def require_own_form(fields: Mapping[str, str], secret: str | None) -> None:
    """Refuse a form that no page of this browser's session holds. Raises Problem."""
    given = fields.get(FORM_TOKEN, "")
    if secret is None or not compare_digest(given.encode(), form_token_of(secret).encode()):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "FORM_OUTDATED",
            "This form is not of your session, which may have ended meanwhile; nothing was done. "
            "Go back, load the page again, and send the form once more.",
        )


async def _visitor(request: Request) -> tuple[Visitor, str]:
    """Find who is signed in, and let what is answered be in his language. Raises SignInNeeded, Problem."""
    context, secret = context_of(request), secret_of(request)
    sessions = context.installation.tenancy.sessions
    visitor = None if secret is None else await context.threads.run(sessions.find, secret)
    if secret is None or visitor is None:
        raise SignInNeeded(_path(request), by_script="hx-request" in request.headers)
    if visitor.language is not None and PARAMETER not in request.query_params:
        speak(Language(visitor.language))
    allowance = await context.rate_limits.take(visitor.bearer)
    if not allowance.granted:
        raise rate_limited(allowance.limit, allowance.retry_after_seconds)
    return visitor, secret


async def _visiting(request: Request) -> Visit:
    visitor, secret = await _visitor(request)
    if not isinstance(visitor.bearer, Caller):
        raise _led_to_operators(request)
    call = Call(visitor.bearer, context_of(request))
    return Visit(call, visitor.environment or "", secret, _path(request))


Visiting = Annotated[Visit, Depends(_visiting)]


async def _operating(request: Request) -> OperatorVisit:
    visitor, secret = await _visitor(request)
    if not isinstance(visitor.bearer, Operator):
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "OPERATORS_PAGE",
            "This page is for whoever runs the service: sign in with a token of trunkd token create --operator.",
        )
    return OperatorVisit(context_of(request), secret, _path(request))


Operating = Annotated[OperatorVisit, Depends(_operating)]


async def _submitted(request: Request, visit: Visiting) -> Submission:
    fields = await read_form(request)
    require_own_form(fields, visit.secret)
    if not visit.call.caller.may_write:
        raise read_only_token()
    return Submission(visit, fields)


Submitted = Annotated[Submission, Depends(_submitted)]


async def _session_form(request: Request) -> SessionForm:
    _, secret = await _visitor(request)
    fields = await read_form(request)
    require_own_form(fields, secret)
    return SessionForm(context_of(request), secret, fields)


OfSession = Annotated[SessionForm, Depends(_session_form)]


def _path(request: Request) -> str:
    return request.url.path if request.method == "GET" else HOME


def _led_to_operators(request: Request) -> Problem:
    if request.method != "GET":
        return operators_token()
    return Problem(HTTPStatus.SEE_OTHER, "OPERATORS_TOKEN", "", headers={"Location": OPERATOR})


def _usable(text: str | None) -> str | None:
    return text if text is not None and _SECRET.fullmatch(text) else None


def _set(answer: Response, request: Request, name: str, secret: str, seconds: int) -> None:
    answer.set_cookie(
        name,
        secret,
        max_age=seconds,
        path=HOME,
        httponly=True,
        samesite="strict",
        secure=_by_https(request, context_of(request)),
    )


def _by_https(request: Request, context: Context) -> bool:
    """Whether the browser came by https: to us, or to a proxy that is where the public address leads."""
    if request.url.scheme == "https":
        return True
    public = urlsplit(context.installation.settings.public_url or "")
    return public.scheme == "https" and public.netloc.lower() == request.headers.get("host", "").lower()
