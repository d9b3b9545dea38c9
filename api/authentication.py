"""Who calls: asked before a byte of the body is read."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import Problem, answer, store_unavailable, unauthenticated
from api.store_threads import StoreThreads
from trunks.errors import StoreUnavailable
from trunks.services.tenants import Caller, Tenants

_STATE_KEY = "caller"


class Authentication:
    """ASGI middleware: under `prefix` every request needs a token, whatever is or is not there."""

    def __init__(self, app: ASGIApp, *, tenants: Tenants, threads: StoreThreads, prefix: str) -> None:
        self._app = app
        self._tenants = tenants
        self._threads = threads
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401, or pass on with the caller known."""
        if scope["type"] == "http" and scope["path"].startswith(self._prefix):
            found = await self._identify(Headers(scope=scope))
            if isinstance(found, Problem):
                await answer(found)(scope, receive, send)
                return
            scope.setdefault("state", {})[_STATE_KEY] = found
        await self._app(scope, receive, send)

    async def _identify(self, headers: Headers) -> Caller | Problem:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return unauthenticated()
        try:
            caller = await self._threads.run(self._tenants.authenticate, token.strip())
        except StoreUnavailable:
            return store_unavailable()
        return caller or unauthenticated()


def current_caller(request: Request) -> Caller:
    """Give the caller that the middleware found."""
    caller: Caller = request.scope["state"][_STATE_KEY]
    return caller
