"""What a token may: the one place where its scope is judged, before a byte of the body is read."""

from starlette.types import Receive, Scope, Send

from api.middleware.http_middleware import HttpMiddleware
from api.middleware.write_concurrency import READING_METHODS
from api.problems import operators_token, read_only_token
from api.request_state import state_of
from trunks.tenancy.tenants import Operator

# POSTs that ask and change nothing. Whatever stands neither here nor among the methods counts as a change, so that a
# new call is closed to tokens that only read until somebody says otherwise.
ONLY_ASKING = frozenset({"/api/v1/inbound/explain"})


def only_reads(method: str, path: str) -> bool:
    """Whether a call changes nothing of what is stored, and makes no request at a carrier in somebody's name."""
    return method in READING_METHODS or (method == "POST" and path in ONLY_ASKING)


class TokenScopes(HttpMiddleware):
    """The operator's token opens no dialect, and a read-only one changes nothing in any, whatever the path names."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what the token allows. Raises Problem."""
        bearer = state_of(scope).bearer
        if isinstance(bearer, Operator):
            raise operators_token()
        if bearer is not None and not bearer.may_write and not only_reads(scope["method"], scope["path"]):
            raise read_only_token()
        await self._app(scope, receive, send)
