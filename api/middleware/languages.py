"""The language of an answer, chosen before its route is asked, and told with it."""

from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from api.dialects import spoken_at
from api.language.languages import Language, speak, wanted_language
from api.middleware.http_middleware import HttpMiddleware

# Written without regard to it: figures for machines, and addresses that hold no words.
_WORDLESS = ("/metrics", "/healthz", "/readyz", "/openapi.json", "/docs")


class Languages(HttpMiddleware):
    """Inside of what keeps answers: one that is given again is in the language of the first, and says so."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; refusals are in English, as their codes are."""
        if scope["path"].startswith(_WORDLESS):
            await self._app(scope, receive, send)
            return
        language = wanted_language(scope)
        speak(language)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _tell(message, language, in_dialect=spoken_at(scope["path"]) is not None)
            await send(message)

        await self._app(scope, receive, sending)


def _tell(message: Message, language: Language, *, in_dialect: bool) -> None:
    headers = MutableHeaders(scope=message)
    # A page of ours is in the language all the same; the dialects' refusals are in English.
    refused = message["status"] >= HTTPStatus.BAD_REQUEST and in_dialect
    headers.setdefault("Content-Language", Language.ENGLISH if refused else language)
    headers.add_vary_header("Accept-Language")
