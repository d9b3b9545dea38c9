"""The Celery app: messages carry ids, are acked early, and the rows decide."""

from typing import Any

from celery import Celery

from trunks.doorbell import TEND_INTERVAL_SECONDS
from trunks.installation.settings import Settings
from worker import redis_transport
from worker.queues import ALL_QUEUES, TEND_VERIFICATIONS, QueueName

IN_PROCESS_BROKER = "memory://localhost/"
# Of Celery's pool: tasks ring, tend and provision, and only the last of these takes long. Runs have no threads.
THREADS = 10

# What beat sends. A dead beat loses nothing: each worker does the same by itself.
_SCHEDULE: dict[str, dict[str, Any]] = {
    "tend-verifications": {
        "task": TEND_VERIFICATIONS,
        "schedule": TEND_INTERVAL_SECONDS,
        "options": {"expires": TEND_INTERVAL_SECONDS},
    }
}
_CONNECT_TIMEOUT_SECONDS = 2.0
# The transport's own second between looks at an empty queue would be the time that provisioning takes; runs do not go
# this way (worker.doorbell).
_MEMORY_POLL_SECONDS = 0.02


def make_app(settings: Settings) -> Celery:
    """Make the app that a process sends and receives with."""
    redis_transport.install()
    app = Celery("trunks", set_as_current=False)
    app.conf.update(_configuration(broker_url(settings)))
    return app


def broker_url(settings: Settings) -> str:
    """The broker's URL with its password: for the client, never for a log."""
    return IN_PROCESS_BROKER if settings.broker_url is None else settings.broker_url.get_secret_value()


def _configuration(url: str) -> dict[str, Any]:
    return {
        "broker_url": url,
        "broker_transport_options": _transport_options(url),
        "broker_connection_timeout": _CONNECT_TIMEOUT_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_queues": {
            name.value: {"exchange": name.value, "routing_key": name.value} for name in ALL_QUEUES
        },
        "task_default_queue": QueueName.VERIFY.value,
        "task_create_missing_queues": False,
        "task_ignore_result": True,
        "task_acks_late": False,
        "task_publish_retry": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_pool": "threads",
        "worker_concurrency": THREADS,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        # True means less than it says: only tasks that are acked late are cancelled, and none is.
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "beat_schedule": _SCHEDULE,
        "beat_max_loop_interval": TEND_INTERVAL_SECONDS,
        "timezone": "UTC",
    }


def _transport_options(url: str) -> dict[str, Any]:
    if url == IN_PROCESS_BROKER:
        return {"polling_interval": _MEMORY_POLL_SECONDS}
    if url.startswith("redis"):
        return {"socket_connect_timeout": _CONNECT_TIMEOUT_SECONDS, "socket_keepalive": True}
    return {}
