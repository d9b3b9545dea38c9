"""HEAD wherever GET is (RFC 9110 §9.3.2): the same answer, without its body."""

from starlette.types import Message, Receive, Scope, Send

from api.middleware.http_middleware import HttpMiddleware


class Head(HttpMiddleware):
    """Lets a HEAD be answered as a GET; its headers, Content-Length among them, are those of the GET."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and drop the body of the answer to a HEAD."""
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        asked = {**scope, "method": "GET"}
        try:
            await self._app(asked, receive, bodiless)
        finally:
            # Whoever records the request looks for it there.
            if "route" in asked:
                scope["route"] = asked["route"]
