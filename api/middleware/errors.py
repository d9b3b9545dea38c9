"""Whatever is raised becomes an answer in the shape of the dialect that was spoken."""

from http import HTTPStatus
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from api.console import fault_page
from api.dialect import Dialect
from api.dialects import answering_at
from api.middleware.allowed_methods import allowed_methods
from api.middleware.http_middleware import HttpMiddleware
from api.problems import (
    Problem,
    internal_error,
    invalid_json,
    of_status,
    store_busy,
    store_full,
    store_unavailable,
)
from api.request_state import state_of
from trunks.errors import Refused, StoreBusy, StoreDamaged, StoreFull, StoreUnavailable, StoreUnwritable
from trunks.installation.logs import trace_of

_log = structlog.get_logger(__name__)


class ErrorAnswers(HttpMiddleware):
    """No exception passes it, and no answer without its headers (api.request_state)."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and answer for what breaks."""
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).update(state_of(scope).answer_headers)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - the border of a request
            answer = _answer(error, scope["path"])
            if not started:  # else the server ends the connection
                await answer(scope, receive, sending)


def handlers() -> dict[int | type[Exception], Any]:
    """Give what the framework has to be told of, which answers some exceptions in its own way otherwise."""
    return dict.fromkeys((Problem, Refused, RequestValidationError, HTTPException, StoreUnavailable), _handle)


async def _handle(request: Request, error: Exception) -> Response:
    path = request.scope["path"]
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = allowed_methods(request.app, path)
        error = HTTPException(error.status_code, headers={"Allow": allowed} if allowed else None)
    return _answer(error, path)


def _answer(error: Exception, path: str) -> Response:
    dialect = answering_at(path)
    problem = _problem(error, dialect)
    return fault_page.answer(problem) if fault_page.covers(path) else dialect.answer(problem)


def _problem(error: Exception, dialect: Dialect) -> Problem:
    match error:
        case Problem():
            problem = error
        case Refused():
            problem = dialect.refusal(error)
        case RequestValidationError() if any(fault["type"] == "json_invalid" for fault in error.errors()):
            problem = invalid_json()
        case RequestValidationError():
            problem = dialect.faults.invalid(error)
        case HTTPException():
            problem = of_status(error.status_code, error.headers)
        case StoreFull():
            _log.error("store-full", error=str(error))
            problem = store_full()
        case StoreDamaged() | StoreUnwritable():
            _log.error("store-unusable", error=str(error))
            problem = store_unavailable()
        case StoreBusy():
            _log.warning("store-busy", error=str(error))
            problem = store_busy()
        case StoreUnavailable():
            _log.warning("store-away", error=str(error))
            problem = store_unavailable()
        case _:
            _log.error("request-broke", trace=trace_of(error))
            problem = internal_error()
    return problem
