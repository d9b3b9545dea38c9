"""The app as Celery's own command looks for it: `celery -A worker worker`."""

from trunks.installation.installation import Installation
from trunks.installation.logs import configure_logs
from trunks.installation.settings import load_settings
from worker.app import make_app
from worker.completion_channel import CompletionAnnouncer
from worker.doorbell import CeleryDoorbell
from worker.runtime import Runtime
from worker.tasks import bind

configure_logs()
_settings = load_settings()
app = make_app(_settings)
_doorbell = CeleryDoorbell(app)
_doorbell.start()
_announcer = CompletionAnnouncer(_settings)
_announcer.start()
bind(
    app,
    Runtime(lambda: Installation(_settings), doorbell=_doorbell, on_done=_announcer.announce),
)
