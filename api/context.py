"""What the routes work with, kept on the app."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from starlette.requests import Request

from api.current_health import CurrentHealth
from api.middleware.rate_limits import RateLimits
from api.operation.readiness import Readiness
from api.operation.store_metrics import StoreMetrics
from api.operation.table_metrics import TableMetrics
from api.store_threads import StoreThreads
from api.waiter import Awaited, Waiter
from trunks.doorbell import Doorbell
from trunks.installation.installation import Installation
from trunks.models.verification import Verification
from trunks.runs.requests import RunRequest
from trunks.store.grouped import Grouped


@dataclass(frozen=True, slots=True)
class Context:
    """`verifications`, `provisions` and `test_calls` are what a route may wait for, by the id of a verification, a
    trunk or a call.

    `later_run_requests` are those whose end nobody waits for: they are gathered for a moment.
    """

    installation: Installation
    doorbell: Doorbell
    waiter: Waiter
    verifications: Awaited
    provisions: Awaited
    test_calls: Awaited
    current_health: CurrentHealth
    threads: StoreThreads
    run_requests: Grouped[RunRequest, Verification]
    later_run_requests: Grouped[RunRequest, Verification]
    readiness: Readiness
    rate_limits: RateLimits
    registry: CollectorRegistry
    store_metrics: StoreMetrics
    table_metrics: TableMetrics


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context
