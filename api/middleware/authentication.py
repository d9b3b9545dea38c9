"""Who calls: asked before a byte of the body is read."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.dialects import spoken_at
from api.problems import unauthenticated
from api.store_threads import StoreThreads
from trunks.tenancy.tenants import Caller, Tenants

_STATE_KEY = "caller"


class Authentication:
    """ASGI middleware: under a dialect's prefixes every request needs a token, whatever is or is not there."""

    def __init__(self, app: ASGIApp, *, tenants: Tenants, threads: StoreThreads) -> None:
        self._app = app
        self._tenants = tenants
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the caller known. Raises Problem, StoreUnavailable."""
        if scope["type"] == "http" and spoken_at(scope["path"]) is not None:
            scope.setdefault("state", {})[_STATE_KEY] = await self._identify(Headers(scope=scope))
        await self._app(scope, receive, send)

    async def _identify(self, headers: Headers) -> Caller:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthenticated()
        caller = await self._threads.run(self._tenants.authenticate, token.strip())
        if caller is None:
            raise unauthenticated()
        return caller


def caller_of(scope: Scope) -> Caller | None:
    """Give the caller that the middleware found; None beside the dialects."""
    caller: Caller | None = scope.get("state", {}).get(_STATE_KEY)
    return caller


def current_caller(request: Request) -> Caller:
    """Give the caller of a dialect's route."""
    caller: Caller = request.scope["state"][_STATE_KEY]
    return caller
