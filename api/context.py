"""What the routes work with, kept on the app."""

from dataclasses import dataclass

from starlette.requests import Request

from api.readiness import Readiness
from api.store_threads import StoreThreads
from api.waiter import Waiter
from trunks.installation import Installation
from trunks.ringing import Doorbell


@dataclass(frozen=True, slots=True)
class Context:
    installation: Installation
    doorbell: Doorbell
    waiter: Waiter
    threads: StoreThreads
    readiness: Readiness


def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context
