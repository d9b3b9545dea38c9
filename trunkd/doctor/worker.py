"""What `trunkd doctor` says of the workers: those of this store, whoever else consumes on its broker."""

from trunkd.doctor.checks import CheckFailed
from trunkd.doctor.store import opened
from trunks.installation.settings import Settings
from trunks.installation.workers import WorkerBook, WorkersSeen
from trunks.store.store_clock import StoreClock
from worker.app import make_app
from worker.broker_ping import worker_answers


def worker(settings: Settings) -> str:
    """Somebody takes the messages, does the runs of this store, and checks its trunks' health."""
    if settings.broker_url is None:
        return _embedded(settings)
    try:
        worker_answers(make_app(settings))
    except LookupError as error:
        raise CheckFailed("none answers.", "start trunkd worker with the same settings.") from error
    except Exception as error:
        raise CheckFailed("the broker does not answer.", "see the line about the broker.") from error
    seen = _seen(settings)
    if not seen.runs:
        raise CheckFailed(
            "one answers on the broker, and none that was seen a moment ago does the runs of this store.",
            "start trunkd worker with the same settings, and the queue verify among its queues.",
        )
    if not seen.health:
        raise CheckFailed(
            f"at work for this store: {seen.runs} for runs, none for health checks.",
            "start trunkd worker with the same settings, and the queue sweep among its queues.",
        )
    return f"at work for this store: {seen.runs} for runs, {seen.health} for health checks."


def _embedded(settings: Settings) -> str:
    try:
        seen = _seen(settings)
    except CheckFailed:
        # The line about the store has told why.
        return "in the process of trunkd up, which this command cannot see."
    if seen.runs:
        return "in the process of trunkd up, which was seen at work a moment ago."
    return "in the process of trunkd up, which was not seen at work a moment ago."


def _seen(settings: Settings) -> WorkersSeen:
    with opened(settings) as database:
        return WorkerBook(database, StoreClock(database)).seen()
