"""Who calls: asked before a byte of the body is read."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.dialects import spoken_at
from api.middleware.http_middleware import HttpMiddleware
from api.problems import unauthenticated
from api.request_state import state_of
from trunks.store.grouped import Grouped
from trunks.tenancy.tenants import Bearer, Tenants


class Authentication(HttpMiddleware):
    """Under a dialect's prefixes every request needs a token, whatever is or is not there.

    The store is asked anew each time, so that a token that is revoked is so at once; for many by one question.
    """

    def __init__(self, app: ASGIApp, *, tenants: Tenants) -> None:
        super().__init__(app)
        self._bearers = Grouped(tenants.bearers, gather_seconds=0.0)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the bearer known. Raises Problem, StoreUnavailable."""
        if spoken_at(scope["path"]) is not None:
            state_of(scope).bearer = await self._identify(Headers(scope=scope))
        await self._app(scope, receive, send)

    async def _identify(self, headers: Headers) -> Bearer:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthenticated()
        bearer = await self._bearers.ask(token.strip())
        if bearer is None:
            raise unauthenticated()
        return bearer
