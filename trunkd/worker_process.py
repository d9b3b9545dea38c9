"""`trunkd worker` and `trunkd beat`: the parts behind the broker."""

import threading
from collections.abc import Sequence

import structlog
from celery.beat import Scheduler, Service

from trunkd.faults import FAULT
from trunkd.garbage import look_seldom
from trunkd.stopping import stop_event_of_process
from trunks.installation.installation import Installation
from trunks.installation.settings import Settings
from worker.app import make_app
from worker.completion_channel import CompletionAnnouncer
from worker.doorbell import CeleryDoorbell
from worker.process import WorkerProcess
from worker.queues import QueueName
from worker.runtime import Runtime
from worker.tasks import bind

_log = structlog.get_logger(__name__)

# How soon a Celery that gave up is noticed.
LOOK_SECONDS = 1.0


def run_worker(settings: Settings, *, queues: Sequence[QueueName], concurrency: int | None) -> int:
    """Work until a signal asks to end, and give the exit status.

    Raises InstallationFault, StoreUnavailable, SettingInvalid.
    """
    asked = stop_event_of_process()
    installation = Installation(settings)
    installation.require_fit()
    app = make_app(settings)
    doorbell = CeleryDoorbell(app)
    # Callers wait in other processes.
    announcer = CompletionAnnouncer(settings)
    runtime = Runtime(lambda: installation, doorbell=doorbell, on_done=announcer.announce)
    bind(app, runtime)
    worker = WorkerProcess(app, runtime, queues=queues, runs_in_flight=concurrency)
    doorbell.start()
    announcer.start()
    worker.start()
    look_seldom()
    _log.info("worker-started", queues=list(queues), runs_in_flight=concurrency or settings.runs_in_flight)
    while not asked.wait(LOOK_SECONDS):
        if not worker.alive:
            _log.error("worker-ended-by-itself")
            break
    worker.stop()
    announcer.stop()
    doorbell.stop()
    installation.close()
    _log.info("worker-stopped")
    return 0 if asked.is_set() else FAULT


def run_beat(settings: Settings) -> None:
    """Send what is due until a signal asks to end. It keeps no state: what is due is in the rows."""
    asked = stop_event_of_process()
    service = Service(make_app(settings), scheduler_cls=Scheduler)
    threading.Thread(target=service.start, name="beat", daemon=True).start()
    _log.info("beat-started")
    asked.wait()
    service.stop()
    _log.info("beat-stopped")
