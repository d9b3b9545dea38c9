"""What beat sends. A dead beat loses nothing: each worker does the same by itself."""

from typing import Any

from trunks.doorbell import TEND_INTERVAL_SECONDS
from worker.task_names import TEND_VERIFICATIONS

SCHEDULE: dict[str, dict[str, Any]] = {
    "tend-verifications": {
        "task": TEND_VERIFICATIONS,
        "schedule": TEND_INTERVAL_SECONDS,
        "options": {"expires": TEND_INTERVAL_SECONDS},
    }
}
