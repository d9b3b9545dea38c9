"""The HTTP application: dialects over one domain, and what stands beside them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from prometheus_client import Gauge
from starlette.middleware import Middleware

from api.autocalls import routes as autocalls
from api.bolna import routes as bolna
from api.console import routes as console
from api.context import Context
from api.current_health import CurrentHealth
from api.document.openapi import describe
from api.middleware.authentication import Authentication
from api.middleware.body_limit import BodyLimit
from api.middleware.content_type import ContentType
from api.middleware.errors import ErrorAnswers, handlers
from api.middleware.head import Head
from api.middleware.idempotency import Idempotency
from api.middleware.languages import Languages
from api.middleware.rate_limits import RateLimiting, RateLimits
from api.middleware.request_ids import RequestIds
from api.middleware.request_record import RequestRecord
from api.middleware.token_scopes import TokenScopes
from api.middleware.write_concurrency import WriteConcurrency
from api.operation import routes as operation
from api.operation.readiness import Readiness, ReadinessCheck
from api.operation.request_metrics import RequestMetrics, make_registry
from api.operation.store_metrics import StoreMetrics
from api.operation.table_metrics import TableMetrics
from api.shared_page import routes as shared_page
from api.store_threads import LOCKED_AT_MOST_SECONDS, StoreThreads
from api.talkover import routes as talkover
from api.talkover.verifications.queued_verification import QueuedVerification
from api.waiter import Awaited, Waiter
from trunks.doorbell import Doorbell
from trunks.installation.installation import Installation
from trunks.store.grouped import Grouped
from trunks.store.soundness import require_takes_writes

_TITLE = "SIP trunks"
_DESCRIPTION = "Verifies customers' SIP trunks and says whose turn it is when one does not work."

# Runs whose end nobody waits for; whoever asks alone waits for nobody.
_LATER_GATHER_SECONDS = 0.01

# Of the process, not of an application: what FastAPI works out of a route it works out once.
_ROUTES = APIRouter()
for _routes in (talkover, autocalls, bolna, operation, shared_page, console):
    _ROUTES.include_router(_routes.router)


def create_app(
    installation: Installation,
    *,
    doorbell: Doorbell,
    checks: Mapping[str, ReadinessCheck] | None = None,
) -> FastAPI:
    """Make the application; `checks` are the parts that /readyz looks at beside the store.

    `app.state.context.waiter.notify` takes the ids of what is done: verifications, test calls, trunks whose sides are
    provisioned, destinations whose health was asked for.
    """
    context = _make_context(installation, doorbell, checks or {})
    app = FastAPI(
        title=_TITLE,
        description=_DESCRIPTION,
        version=version("sipcheck"),
        routes=_ROUTES.routes,
        redirect_slashes=False,
        lifespan=_lifespan,
        exception_handlers=handlers(),
        middleware=_middleware(context),
    )
    app.openapi = _document  # type: ignore[method-assign]
    app.state.context = context
    return app


@cache
def _document() -> dict[str, Any]:
    """Describe the routes, which are the process's: made when it is first asked for."""
    return describe(_TITLE, version("sipcheck"), _DESCRIPTION, _ROUTES.routes)


def _make_context(
    installation: Installation,
    doorbell: Doorbell,
    checks: Mapping[str, ReadinessCheck],
) -> Context:
    threads = StoreThreads()
    registry = make_registry()
    waiter = Waiter()
    verifications = Awaited(
        lambda ids: threads.run(installation.runs.requests.done_among, ids), announced_once=True
    )
    Gauge("trunks_callers_waiting", "Callers who wait for a verification.", registry=registry).set_function(
        lambda: waiter.count(verifications)
    )
    return Context(
        installation=installation,
        doorbell=doorbell,
        waiter=waiter,
        verifications=verifications,
        provisions=Awaited(lambda ids: threads.run(installation.provisions.overview.done_among, ids)),
        test_calls=Awaited(lambda ids: threads.run(installation.runs.calls.done_among, ids)),
        current_health=CurrentHealth(
            liveness=installation.health.latest,
            turn=installation.database.turn,
            threads=threads,
            waiter=waiter,
            fresh_seconds=installation.settings.health_interval_floor_seconds,
            wait_seconds=installation.settings.verify_wait_seconds,
            clock=installation.clock,
        ),
        threads=threads,
        run_requests=Grouped(
            installation.runs.requests.ask,
            turn=installation.database.turn,
            gather_seconds=0.0,
            locked_at_most_seconds=LOCKED_AT_MOST_SECONDS,
        ),
        later_run_requests=Grouped(
            installation.runs.requests.ask,
            turn=installation.database.turn,
            by_habit=True,
            gather_seconds=_LATER_GATHER_SECONDS,
            locked_at_most_seconds=LOCKED_AT_MOST_SECONDS,
        ),
        rate_limits=RateLimits(installation.settings.broker_url),
        registry=registry,
        store_metrics=StoreMetrics(
            installation.statistics, installation.provisions.overview, threads, registry
        ),
        table_metrics=TableMetrics(installation.statistics, threads, registry),
        readiness=Readiness(
            {"store": partial(require_takes_writes, installation.database), **checks}, registry
        ),
    )


def _middleware(context: Context) -> list[Middleware]:
    """List what a request goes through, the outermost first."""
    installation, threads = context.installation, context.threads
    return [
        Middleware(RequestIds),
        Middleware(RequestRecord, metrics=RequestMetrics(context.registry)),
        Middleware(Head),
        Middleware(ErrorAnswers),
        Middleware(Authentication, tenants=installation.tenancy.tenants),
        Middleware(RateLimiting, limits=context.rate_limits),
        Middleware(TokenScopes),
        Middleware(WriteConcurrency),
        Middleware(BodyLimit),
        Middleware(ContentType),
        Middleware(Idempotency, remembered=installation.tenancy.keyed_requests, threads=threads),
        Middleware(Languages),
        Middleware(QueuedVerification, context=context),
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    waiting = asyncio.create_task(context.waiter.run())
    try:
        yield
    finally:
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        await context.rate_limits.close()
        await context.installation.voice.close()
