"""What is left of a request: one log line, and one count in the metrics; never what it said."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.dialects import spoken_at
from api.middleware.http_middleware import HttpMiddleware
from api.operation.request_metrics import RequestMetrics

_log = structlog.get_logger(__name__)

# A path that no route takes is the client's own text, and may hold anything.
_NO_ROUTE = "none"
_NO_DIALECT = "none"
# A client that went away before its answer, or in the middle of its body (nginx's number for it).
_NO_ANSWER = 499


class RequestRecord(HttpMiddleware):
    """Times what it passes on."""

    def __init__(self, app: ASGIApp, *, metrics: RequestMetrics) -> None:
        super().__init__(app)
        self._metrics = metrics

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and record."""
        status, whole, cut_off = _NO_ANSWER, False, False

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        async def watching() -> Message:
            nonlocal whole, cut_off
            message = await receive()
            whole = whole or (message["type"] == "http.request" and not message.get("more_body", False))
            # Behind a whole body it says only that nobody listens any more.
            cut_off = cut_off or (message["type"] == "http.disconnect" and not whole)
            return message

        began = time.perf_counter()
        try:
            await self._app(scope, watching, noting)
        finally:
            self._record(scope, _NO_ANSWER if cut_off else status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope)
        dialect = spoken_at(scope["path"])
        self._metrics.observe(
            dialect=_NO_DIALECT if dialect is None else dialect.name,
            route=route,
            method=scope["method"],
            status=status,
            seconds=seconds,
        )
        _log.info(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 1),
        )


def _template(scope: Scope) -> str:
    """Give the path with names in place of its ids, prefixes included.

    An included route knows its path without the prefixes that it was included under, which hold no ids.
    """
    route: str | None = getattr(scope.get("route"), "path", None)
    if route is None:
        return _NO_ROUTE
    before = scope["path"].count("/") - route.count("/")
    return "/".join(scope["path"].split("/")[: before + 1]) + route
