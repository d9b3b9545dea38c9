"""What a worker process has beside Celery: the engine's loop, the runner, and the tending of the rows."""

import threading
from collections.abc import Callable
from uuid import UUID

import structlog

from trunks.doorbell import TEND_INTERVAL_SECONDS, Doorbell
from trunks.errors import StoreUnavailable
from trunks.installation.installation import Installation
from trunks.runs.runner import OnDone, Runner
from worker.due_checks import DueChecks
from worker.engine_loop import EngineLoop
from worker.provisioning import ProvisionWork

_log = structlog.get_logger(__name__)

Endpoints = frozenset[tuple[str, int]]


class Runtime:
    """Made when the app is, opened by start(): a process that only sends never opens it."""

    def __init__(
        self,
        open_installation: Callable[[], Installation],
        *,
        doorbell: Doorbell,
        on_done: OnDone,
        allow_endpoints: Endpoints = frozenset(),
    ) -> None:
        self._open_installation = open_installation
        self._doorbell = doorbell
        self._on_done = on_done
        self._allow_endpoints = allow_endpoints
        self._ended = threading.Event()
        self._tending = threading.Thread(target=self._tend_for_ever, name="tending", daemon=True)
        self._running = False

    def start(self, *, sweeps: bool = True) -> None:
        """Open the engine and begin to tend and, with `sweeps`, to check; once.

        Raises SettingInvalid, InstallationFault, StoreUnavailable.
        """
        if self._running:
            return
        installation = self._open_installation()
        settings = installation.settings
        self._engine_loop = EngineLoop(
            settings.engine_settings(allow_endpoints=self._allow_endpoints),
            timeout_seconds=settings.verify_timeout_seconds,
        )
        self._engine_loop.start()
        self._recovery = installation.runs.recovery
        self._drafts = installation.catalog.unsaved
        self._cleaning = installation.cleaning
        self._runner = Runner(
            installation.runs.claims,
            installation.runs.recovery,
            installation.secrets,
            installation.tenancy.keys,
            pacing=installation.runs.address_limits,
            verify=self._engine_loop.verify,
            on_done=self._on_done,
        )
        self._provisioning = ProvisionWork(
            installation, ring=self._doorbell.ring_provision, on_done=self._on_done
        )
        self._provisioning.start()
        self._proof = installation.runs.proofs
        if sweeps:
            self._engine_loop.begin(DueChecks(installation, on_answer=self._on_done).run)
        self._running = True
        self._tending.start()

    def stop(self) -> None:
        """Stop tending; let runs finish, or give them back."""
        if self._running and not self._ended.is_set():
            self._ended.set()
            self._provisioning.stop()
            self._engine_loop.stop()

    def run(self, verification_id: UUID) -> None:
        """Do one run, unless this process is stopping: then the row waits for the next worker."""
        if self._ended.is_set():
            return
        try:
            self._runner.run(verification_id)
        except StoreUnavailable as error:
            _log.warning("store-away", verification_id=str(verification_id), error=str(error))

    def provision(self, trunk_id: UUID) -> None:
        """Bring a trunk's sides on the voice infrastructure to what is wanted."""
        if not self._ended.is_set():
            self._provisioning.run(trunk_id)

    def tend(self) -> None:
        """Take back what lost its worker, and ring for what was not heard."""
        tended = self._recovery.tend()
        for verification_id in tended.reclaimed:
            _log.warning("verification-reclaimed", verification_id=str(verification_id))
        for verification_id in tended.ended:
            _log.warning("verification-cut-short", verification_id=str(verification_id))
            self._on_done(verification_id)
        self._drafts.remove_left_behind()
        for verification_id in (*tended.to_ring, *self._proof.tend()):
            self._doorbell.ring(verification_id)
        self._cleaning.turn()

    def _tend_for_ever(self) -> None:
        while True:
            try:
                self.tend()
            except StoreUnavailable as error:
                _log.warning("store-away", error=str(error))
            except Exception:  # noqa: BLE001 - the border of the thread: the next turn follows
                _log.exception("tending-broke")
            if self._ended.wait(TEND_INTERVAL_SECONDS):
                return
