"""Whether the broker answers, and whether a worker consumes: what /readyz asks."""

from celery import Celery

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
