"""Whether the broker answers, and whether a worker consumes and does this store's runs: what /readyz asks."""

from celery import Celery

from trunks.errors import StoreUnavailable
from trunks.installation.workers import WorkerBook

_ANSWER_WITHIN_SECONDS = 1.0


def broker_answers(app: Celery) -> None:
    """Connect once. Raises what the transport raises."""
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=_ANSWER_WITHIN_SECONDS)


def worker_answers(app: Celery) -> None:
    """Wait for the first worker that answers a ping through the broker. Raises LookupError when none does."""
    # A connection of its own: a pooled one may be from before the broker's last restart.
    with app.connection_for_write() as connection:
        answers = app.control.ping(timeout=_ANSWER_WITHIN_SECONDS, limit=1, connection=connection)
    if not answers:
        raise LookupError("no worker answers")


def runs_are_done(app: Celery, workers: WorkerBook) -> None:
    """Look for a worker that consumes, and for one of this store: the one that answered may be of another.

    Raises LookupError when there is none, and what the transport raises.
    """
    worker_answers(app)
    try:
        seen = workers.seen()
    except StoreUnavailable:
        # That part fails by itself, and the workers are not to blame for it.
        return
    if not seen.runs:
        raise LookupError("a worker answers on the broker, and none does the runs of this store")
