"""The language of an answer, chosen before its route is asked, and told with it."""

from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from api.dialects import spoken_at
from api.language.languages import Language, speak, wanted_language
from api.middleware.http_middleware import HttpMiddleware
from api.request_state import state_of

_SHARED_PAGES = "/r/"


class Languages(HttpMiddleware):
    """Inside of what keeps answers: one that is given again is in the language of the first, and says so.

    The dialects and the shared pages are spoken in several; all else is English, or figures.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the dialects' refusals are in English, as their codes are."""
        is_page = scope["path"].startswith(_SHARED_PAGES)
        if spoken_at(scope["path"]) is None and not is_page:
            await self._app(scope, receive, send)
            return
        language = wanted_language(scope)
        speak(language)
        told = state_of(scope).answer_headers
        # Of what is answered for an exception that comes this far; an answer that goes by says its own.
        told |= _headers(Language.ENGLISH)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                refused = message["status"] >= HTTPStatus.BAD_REQUEST and not is_page
                said = _headers(Language.ENGLISH if refused else language)
                MutableHeaders(scope=message).update(said)
                told.update(said)
            await send(message)

        await self._app(scope, receive, sending)


def _headers(language: Language) -> dict[str, str]:
    return {"Content-Language": language.value, "Vary": "Accept-Language"}
