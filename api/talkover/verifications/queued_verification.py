"""`POST …/{trunk_id}/verify?async=true`, asked for by the thousand: answered without the framework's way to its route.

What is spelled otherwise takes that way, and is answered alike.
"""

import re
from uuid import UUID

from starlette.types import ASGIApp, Receive, Scope, Send

from api.call import Call
from api.context import Context
from api.dialects import TALKOVER
from api.middleware.http_middleware import HttpMiddleware
from api.request_state import state_of
from api.talkover.verifications.verification_answers import answer_later
from api.talkover.verifications.verification_routes import router, verify_sip_trunk

_HEX = "[0-9a-f]"
_PATH = re.compile(
    f"{TALKOVER.prefix}/sip-trunks/({_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})/verify"
)
_QUERY = b"async=true"
# What a log line and a metric name a request by.
_ROUTE = next(route for route in router.routes if getattr(route, "endpoint", None) is verify_sip_trunk)


class QueuedVerification(HttpMiddleware):
    """The innermost: whoever comes here has been asked for his token, counted and given a place."""

    def __init__(self, app: ASGIApp, *, context: Context) -> None:
        super().__init__(app)
        self._context = context

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on. Raises TrunkNotFound, StoreUnavailable."""
        caller = state_of(scope).caller
        found = _PATH.fullmatch(scope["path"])
        if found is None or caller is None or scope["method"] != "POST" or scope["query_string"] != _QUERY:
            await self._app(scope, receive, send)
            return
        scope["route"] = _ROUTE
        run = await Call(caller, self._context).verify(UUID(found[1]))
        await answer_later(run)(scope, receive, send)
