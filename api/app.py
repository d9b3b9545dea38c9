"""The HTTP application: dialects over one domain, and what stands beside them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response

from api.authentication import Authentication
from api.body_limit import BodyLimit
from api.context import Context, context_of
from api.openapi import describe
from api.problems import Problem, answer, internal_error, of_status, store_unavailable
from api.readiness import Check, Readiness
from api.store_threads import StoreThreads
from api.talkover import routes as talkover
from api.talkover.faults import invalid, refusal
from api.waiter import Waiter
from trunks.errors import Refused, StoreUnavailable
from trunks.installation import Installation
from trunks.ringing import Doorbell


def create_app(
    installation: Installation, *, doorbell: Doorbell, checks: Mapping[str, Check] | None = None
) -> FastAPI:
    """Make the application; `checks` are the parts that /readyz looks at beside the store.

    `app.state.context.waiter.notify` may be told of runs that this process finished.
    """
    threads = StoreThreads()
    context = Context(
        installation=installation,
        doorbell=doorbell,
        waiter=Waiter(lambda ids: threads.run(installation.runs.done_among, ids)),
        threads=threads,
        readiness=Readiness({"store": installation.database.ping, **(checks or {})}),
    )
    app = FastAPI(
        title="SIP trunks",
        description="Verifies customers' SIP trunks and says whose turn it is when one does not work.",
        version=version("sipcheck"),
        redirect_slashes=False,
        lifespan=_lifespan,
        exception_handlers=_handlers(),
        middleware=[
            Middleware(
                Authentication, tenants=installation.tenants, threads=threads, prefix=f"{talkover.PREFIX}/"
            ),
            Middleware(BodyLimit),
        ],
    )
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    app.state.context = context
    app.include_router(talkover.router)
    app.add_api_route("/healthz", _healthz, tags=["operation"])
    app.add_api_route(
        "/readyz", _readyz, tags=["operation"], responses={503: {"description": "A part fails."}}
    )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    waiter: Waiter = app.state.context.waiter
    waiting = asyncio.create_task(waiter.run())
    try:
        yield
    finally:
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting


async def _healthz() -> dict[str, str]:
    """Tell that this process answers."""
    return {"status": "ok"}


async def _readyz(request: Request) -> JSONResponse:
    """Tell whether the store, the broker and a worker answer."""
    parts = await context_of(request).readiness.parts()
    ready = all(parts.values())
    return JSONResponse(
        {
            "status": "ok" if ready else "failing",
            "parts": {part: "ok" if holds else "failing" for part, holds in parts.items()},
        },
        status_code=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _handlers() -> dict[int | type[Exception], Any]:
    return {
        Problem: _on_problem,
        Refused: _on_refused,
        RequestValidationError: _on_invalid,
        HTTPException: _on_status,
        StoreUnavailable: _on_store_unavailable,
        Exception: _on_anything,
    }


async def _on_problem(_: Request, problem: Problem) -> Response:
    return answer(problem)


async def _on_refused(_: Request, error: Refused) -> Response:
    return answer(refusal(error))


async def _on_invalid(_: Request, error: RequestValidationError) -> Response:
    return answer(invalid(error))


async def _on_status(_: Request, error: HTTPException) -> Response:
    return answer(of_status(error.status_code, error.headers))


async def _on_store_unavailable(_: Request, __: StoreUnavailable) -> Response:
    return answer(store_unavailable())


async def _on_anything(_: Request, __: Exception) -> Response:
    return answer(internal_error())
