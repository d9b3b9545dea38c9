"""How a run goes, told to whoever looks at its trunk: server-sent events, from the run's row and its announcement."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from api.console.live_ladder import ladder_of, legs_of
from api.console.page import fragment
from api.console.visit import Visit
from api.language.reports import said_verdict
from api.waiter import WaitEnd
from trunks.errors import StoreUnavailable, TrunkNotFound, VerificationNotFound
from trunks.models.verification import Verification, VerificationStatus
from trunks.runs.live_ladders import LiveStep

_LOOK_SECONDS = 0.5
# A run that takes longer goes on, and its page is loaded anew.
LONGEST_SECONDS = 60.0

_PROGRESS, _LADDER, _END = "progress", "ladder", "end"


async def progress_of(visit: Visit, trunk_id: UUID, verification_id: UUID) -> AsyncIterator[str]:
    """Tell until the run is done, it is gone, or it takes too long; the end is told too, unless this process ends."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    shown: Sequence[LiveStep] = ()
    while True:
        seconds = loop.time() - began_at
        run = await _look(visit, trunk_id, verification_id)
        if run is None or run.status is VerificationStatus.DONE or seconds >= LONGEST_SECONDS:
            yield _event(_END, fragment("progress_end.html", visit, trunk_id=trunk_id))
            return
        yield _event(
            _PROGRESS, fragment("progress.html", visit, run=run, waits=_waits(run), seconds=round(seconds))
        )
        known = await ladder_of(visit.call, run)
        if known != shown:
            shown = known
            yield _event(_LADDER, fragment("live_ladder.html", visit, page={"legs": legs_of(known)}))
        context = visit.call.context
        end = await context.waiter.wait(verification_id, context.verifications, timeout_seconds=_LOOK_SECONDS)
        if end is WaitEnd.DISMISSED:
            return


def _waits(run: Verification) -> str:
    """Say why it waits, of one that does."""
    return said_verdict(run.sentences, run.summary, run.advice).summary


async def _look(visit: Visit, trunk_id: UUID, verification_id: UUID) -> Verification | None:
    try:
        return await visit.call.ask(visit.call.runs.get, trunk_id, verification_id)
    except (TrunkNotFound, VerificationNotFound, StoreUnavailable):
        return None


def _event(name: str, content: str) -> str:
    data = "\n".join(f"data: {line}" for line in content.splitlines())
    return f"event: {name}\n{data}\n\n"
