"""An id for each request: in its answer, on its log lines, and on those of the work that it asked for."""

import re

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from api.middleware.http_middleware import HttpMiddleware
from api.request_state import state_of
from trunks.ids import new_id

REQUEST_ID = "X-Request-ID"

# It stands in log lines and in a column of 64 characters.
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIds(HttpMiddleware):
    """Takes the client's id where it can be used, and makes one where not.

    It is bound as `request_id` in structlog's context, where everything that serves the request finds it.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the id known."""
        request_id = _usable(Headers(scope=scope)) or str(new_id())
        state_of(scope).answer_headers[REQUEST_ID] = request_id
        with bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send)


def _usable(headers: Headers) -> str | None:
    given = headers.get(REQUEST_ID, "")
    return given if _USABLE.fullmatch(given) else None
