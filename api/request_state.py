"""What the middleware of a request hands on to what stands further in: the caller, the id to create, headers."""

from uuid import UUID

from starlette.requests import Request
from starlette.types import Scope

from trunks.tenancy.tenants import Caller

_CALLER = "caller"
_MAKES_ID = "makes_id"
_ANSWER_HEADERS = "answer_headers"


def set_caller(scope: Scope, caller: Caller) -> None:
    """Keep who is calling."""
    scope.setdefault("state", {})[_CALLER] = caller


def caller_of(scope: Scope) -> Caller | None:
    """Give who is calling; None beside the dialects, where nobody is asked."""
    caller: Caller | None = scope.get("state", {}).get(_CALLER)
    return caller


def current_caller(request: Request) -> Caller:
    """Give the caller of a dialect's route, which always has one."""
    caller: Caller = request.scope["state"][_CALLER]
    return caller


def set_makes_id(scope: Scope, makes_id: UUID) -> None:
    """Keep the id that whatever this request creates is to have."""
    scope.setdefault("state", {})[_MAKES_ID] = makes_id


def makes_id_of(scope: Scope) -> UUID | None:
    """Give the id that what this request creates has under its Idempotency-Key; None without a key."""
    makes_id: UUID | None = scope.get("state", {}).get(_MAKES_ID)
    return makes_id


def answer_headers(scope: Scope) -> dict[str, str]:
    """Give the headers that the answer gets, whoever gives it; they may be added to until it starts."""
    headers: dict[str, str] = scope.setdefault("state", {}).setdefault(_ANSWER_HEADERS, {})
    return headers
