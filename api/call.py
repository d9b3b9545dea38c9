"""A call of a client's: who asks, and what the domain is asked in his name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import structlog
from fastapi import Depends, Request

from api.context import Context, context_of
from api.middleware.write_concurrency import place_left
from api.problems import unauthenticated
from api.request_state import state_of
from api.waiter import WaitEnd
from trunks.catalog.views import TrunkView
from trunks.errors import NumberInUseElsewhere
from trunks.installation.areas import Catalog
from trunks.installation.settings import Settings
from trunks.models.verification import Verification
from trunks.rules.forbidden_host import advise_public_host, host_fault
from trunks.rules.phone_numbers import key_of
from trunks.runs.requests import RunRequest, RunRequests
from trunks.tenancy.tenants import Caller

Given = ParamSpec("Given")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Call:
    caller: Caller
    context: Context

    @property
    def catalog(self) -> Catalog:
        return self.context.installation.catalog

    @property
    def runs(self) -> RunRequests:
        return self.context.installation.runs.requests

    @property
    def settings(self) -> Settings:
        return self.context.installation.settings

    async def ask(
        self, service: Callable[Concatenate[Caller, Given], Result], *args: Given.args, **kwargs: Given.kwargs
    ) -> Result:
        """Ask a service of the domain; what it raises is raised here."""
        return await self.context.threads.run(service, self.caller, *args, **kwargs)

    async def view(self, trunk_id: UUID) -> TrunkView:
        """Look a trunk up. Raises TrunkNotFound."""
        return await self.ask(self.catalog.views.get, trunk_id)

    async def refuse_strangers(self, *numbers: str) -> None:
        """Refuse numbers that stand on the voice infrastructure with a trunk that is not made here.

        Raises NumberInUseElsewhere. Those of trunks here are refused by the store.
        """
        meant = [key_of(number) for number in numbers]
        if (taken := await self.context.installation.voice.taken_by_stranger(meant)) is not None:
            raise NumberInUseElsewhere(taken)

    def host_fault(self, host: str) -> str | None:
        """Say why no call may go to a host, whatever DNS says; None where DNS decides."""
        fault = host_fault(host, self.settings.leading.guard)
        return None if fault is None else advise_public_host(fault)

    async def verify(self, trunk_id: UUID, *, on_demand: bool = False) -> Verification:
        """Queue a verification and ring for it; `on_demand` says that its end is waited for. Raises TrunkNotFound."""
        asked = RunRequest(self.caller.environment_id, trunk_id, current_request_id(), on_demand)
        # Many ask at once and are answered by one transaction: their places are free until then.
        context = self.context
        async with place_left():
            run = await (context.run_requests if on_demand else context.later_run_requests).ask(asked)
        self.context.doorbell.ring(run.id, on_demand=on_demand)
        return run

    def ring_provision(self, trunk_id: UUID) -> None:
        """Ring for what the voice infrastructure is to follow: an edit, a change of numbers, a trunk's end."""
        if not self.context.installation.provisions.overview.off:
            self.context.doorbell.ring_provision(trunk_id)

    async def is_done(self, verification_id: UUID) -> bool:
        """Wait for a verification as long as a caller does; whether it is done."""
        end = await self.context.waiter.wait(
            verification_id, self.context.verifications, timeout_seconds=self.settings.verify_wait_seconds
        )
        return end is WaitEnd.DONE


def current_request_id() -> str | None:
    """Give the id of the request that is being answered; the work it asks for carries it on."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found


# A coroutine, since a plain function would be called in a thread: a hop for each request.
async def _calling(request: Request) -> Call:
    caller = state_of(request.scope).caller
    if caller is None:
        raise unauthenticated()
    return Call(caller, context_of(request))


Calling = Annotated[Call, Depends(_calling)]
