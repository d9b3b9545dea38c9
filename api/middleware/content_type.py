"""Bodies are JSON in UTF-8, and say so."""

from email.message import Message as MimeHeader

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from api.dialects import spoken_at
from api.middleware.http_middleware import HttpMiddleware
from api.problems import encoded_body, unreadable_json, unsupported_media_type

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_PLAIN = "identity"


class ContentType(HttpMiddleware):
    """Refuses a body that is not declared as JSON, or is compressed; what has no body needs no type."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on. Raises Problem."""
        if scope["method"] in _WITH_BODY and spoken_at(scope["path"]) is not None:
            headers = Headers(scope=scope)
            if _has_body(headers):
                _judge(headers)
                receive = _in_utf_8(receive)
        await self._app(scope, receive, send)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _judge(headers: Headers) -> None:
    if headers.get("content-encoding", _PLAIN).strip().lower() not in ("", _PLAIN):
        raise encoded_body()
    if not _is_json(headers.get("content-type", "")):
        raise unsupported_media_type()


def _in_utf_8(receive: Receive) -> Receive:
    """Refuse UTF-16 and UTF-32, which the reader would take (RFC 8259 §8.1): in both of them JSON has NULs."""

    async def receiving() -> Message:
        message = await receive()
        if b"\x00" in message.get("body", b""):
            raise unreadable_json()
        return message

    return receiving


def _is_json(value: str) -> bool:
    header = MimeHeader()
    header["content-type"] = value
    return header.get_content_maintype() == "application" and (
        header.get_content_subtype() == "json" or header.get_content_subtype().endswith("+json")
    )
