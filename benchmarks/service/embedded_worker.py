"""The working half of `trunkd up`, without HTTP: it rings for the runs whose ids come on standard input."""

import sys
from uuid import UUID

from trunkd.garbage import look_seldom
from trunks.installation.installation import Installation
from trunks.installation.logs import configure_logs
from trunks.installation.settings import load_settings
from worker.app import make_app
from worker.doorbell import CeleryDoorbell, OwnDoorbell
from worker.process import WorkerProcess
from worker.queues import ALL_QUEUES
from worker.runtime import Runtime
from worker.tasks import bind

_CONSUMING_WITHIN_SECONDS = 5.0


def main() -> None:
    configure_logs()
    installation = Installation(load_settings())
    celery = make_app(installation.settings)
    doorbell = CeleryDoorbell(celery)
    runtime = Runtime(lambda: installation, doorbell=doorbell, on_done=lambda _: None)
    bind(celery, runtime)
    worker = WorkerProcess(celery, runtime, queues=ALL_QUEUES)
    own = OwnDoorbell(runtime.wake, doorbell)
    doorbell.start()
    worker.start()
    worker.wait_consuming(timeout_seconds=_CONSUMING_WITHIN_SECONDS)
    look_seldom()  # as `trunkd up` does
    print("ready", flush=True)
    for line in sys.stdin:
        own.ring(UUID(line.strip()))
    worker.stop()
    doorbell.stop()
    installation.close()


if __name__ == "__main__":
    main()
