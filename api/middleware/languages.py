"""The language of an answer, chosen before its route is asked, and told with it."""

from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from api.dialects import spoken_at
from api.language.languages import Language, current_language, speak, wanted_language
from api.middleware.http_middleware import HttpMiddleware
from api.request_state import state_of

# Pages for people, whose faults are told in their language too; packaged files are the same for all.
_PAGES = ("/r/", "/console")
_FILES = "/console/assets/"


class Languages(HttpMiddleware):
    """Inside of what keeps answers: one that is given again is in the language of the first, and says so.

    The dialects, the shared pages and the console are spoken in several; all else is English, or figures.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; the dialects' refusals are in English but for those in the domain's own words, which say so."""
        path = scope["path"]
        is_page = path.startswith(_PAGES) and not path.startswith(_FILES)
        if spoken_at(path) is None and not is_page:
            await self._app(scope, receive, send)
            return
        speak(wanted_language(scope))
        told = state_of(scope).answer_headers
        # Of what is answered for an exception that comes this far; an answer that goes by says its own.
        told |= _headers(Language.ENGLISH)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                refused = message["status"] >= HTTPStatus.BAD_REQUEST and not is_page
                headers = MutableHeaders(scope=message)
                own = headers.get("content-language", Language.ENGLISH)
                said = _headers(own if refused else current_language())
                headers.update(said)
                told.update(said)
            await send(message)

        await self._app(scope, receive, sending)


def _headers(language: str) -> dict[str, str]:
    return {"Content-Language": str(language), "Vary": "Accept-Language"}
