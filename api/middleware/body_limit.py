"""No body over 1 MiB is read to its end."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.middleware.http_middleware import HttpMiddleware

MAX_BODY_BYTES = 1024 * 1024


class BodyLimit(HttpMiddleware):
    """Refuses what is announced as too large, and what turns out to be while it is read."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on. Raises HTTPException, which the framework lets through where it reads the body."""
        if _announced_bytes(scope) > MAX_BODY_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        read_bytes = 0

        async def _counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > MAX_BODY_BYTES:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, _counted, send)


def _announced_bytes(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0
