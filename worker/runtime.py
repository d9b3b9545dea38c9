"""All that a worker process does beside Celery: what is on the engine's loop, provisioning, and the tending of rows."""

import threading
import time
from collections.abc import Callable
from functools import partial
from uuid import UUID

import structlog

from trunks.doorbell import TEND_INTERVAL_SECONDS, Doorbell, OnDone
from trunks.errors import StoreUnavailable
from trunks.ids import new_id
from trunks.installation.installation import Installation
from trunks.runs.calls.caller import CallMaker
from trunks.runs.growing_ladders import GrowingLadders
from trunks.runs.run_store import RunStore
from trunks.runs.runner import Runner
from worker.checks.due_checks import DueChecks
from worker.checks.knock_names import KnockNames
from worker.engine_loop import EngineLoop
from worker.messages.message_desk import MessageDesk
from worker.provisioning.provision_work import ProvisionWork
from worker.runs.call_desk import CallDesk
from worker.runs.ladder_desk import LadderDesk
from worker.runs.run_desk import RunDesk

_log = structlog.get_logger(__name__)

_MEND_SECONDS = 60.0
_TENDING_ENDS_WITHIN_SECONDS = 1.0


class Runtime:
    """Made when the app is, opened by start(): a process that only sends never opens it."""

    def __init__(
        self,
        open_installation: Callable[[], Installation],
        *,
        doorbell: Doorbell,
        on_done: OnDone,
    ) -> None:
        self._open_installation = open_installation
        self._doorbell = doorbell
        self._on_done = on_done
        self._ended = threading.Event()
        self._tending = threading.Thread(target=self._tend_for_ever, name="tending", daemon=True)
        self._desk: RunDesk | None = None
        self._running = False
        self._mends_at = 0.0
        self._id = new_id()

    def start(self, *, runs: bool = True, sweeps: bool = True, runs_in_flight: int | None = None) -> None:
        """Open the engine and begin to tend and, with `runs`, to verify, with `sweeps`, to check; once.

        `runs_in_flight` goes before the setting.

        Raises SettingInvalid, InstallationFault, StoreUnavailable.
        """
        if self._running:
            return
        installation = self._open_installation()
        settings = installation.settings
        self._engine_loop = EngineLoop(
            settings.engine_settings(),
            timeout_seconds=settings.verify_timeout_seconds,
        )
        self._engine_loop.start()
        knocks = installation.runs.address_limits.knocks
        knocks.exempt({address for address, _ in settings.practice_endpoints})
        if knocks.rules.of_names:
            self._engine_loop.begin(KnockNames(knocks).run)
        self._recovery = installation.runs.recovery
        self._drafts = installation.catalog.unsaved
        self._cleaning = installation.cleaning
        self._provisioning = ProvisionWork(
            installation, ring=self._doorbell.ring_provision, on_done=self._on_done
        )
        self._provisioning.start()
        self._ways = installation.runs.way_turns
        self._passwords = installation.runs.password_turns
        self._way_checks = installation.runs.way_checks
        if runs:
            of_runs = installation.runs
            self._growing = GrowingLadders(installation.clock)
            store = RunStore(of_runs.claims, of_runs.recovery, of_runs.address_limits, of_runs.open_calls)
            self._desk = RunDesk(
                installation.runs.claims,
                self._make_runner(installation, store),
                places=runs_in_flight or settings.runs_in_flight,
            )
            self._engine_loop.begin(self._desk.run)
            self._engine_loop.begin(LadderDesk(of_runs.ladders, self._growing).run)
            self._engine_loop.begin(
                CallDesk(installation.runs.call_claims, self._make_caller(installation, store)).run
            )
        self._measure_clock = installation.measure_clock
        self._rewound_clock = installation.rewound_clock
        self._proof = installation.runs.proofs
        if sweeps:
            self._engine_loop.begin(DueChecks(installation, on_answer=self._on_done).run)
        self._engine_loop.begin(MessageDesk(installation).run)
        self._workers = installation.workers
        self._renew = partial(self._workers.note, self._id, does_runs=runs, checks_health=sweeps)
        self._renew()
        self._running = True
        self._tending.start()

    def stop(self) -> None:
        """Stop tending; let runs finish, or give them back."""
        if self._running and not self._ended.is_set():
            self._ended.set()
            self._provisioning.stop()
            self._engine_loop.stop()
            # Whoever closes the store afterwards closes it behind the tending.
            self._tending.join(_TENDING_ENDS_WITHIN_SECONDS)
            self._leave()

    def wake(self, within_seconds: float = 0.0) -> None:
        """Look for runs that are due, unless this process does none, or is stopping."""
        if self._desk is not None:
            self._desk.wake(within_seconds)

    def provision(self, trunk_id: UUID) -> None:
        """Bring a trunk's sides on the voice infrastructure to what is wanted."""
        if not self._ended.is_set():
            self._provisioning.run(trunk_id)

    def tend(self) -> None:
        """Take back what lost its worker, and queue the proofs that are due."""
        self._measure_clock()
        if not self._ended.is_set():
            self._renew()
        tended = self._recovery.tend()
        for verification_id in tended.reclaimed:
            _log.warning("verification-reclaimed", verification_id=str(verification_id))
        for verification_id in tended.ended:
            _log.warning("verification-cut-short", verification_id=str(verification_id))
            self._on_done(verification_id)
        self._drafts.remove_left_behind()
        self._mend_clock()
        # This process looks by itself, whether or not the broker is there: what was found is due, named or not.
        proofs = self._proof.tend()
        held = self._way_checks.tend()
        if held:
            _log.warning("forbidden-addresses-held", destinations=held)
        tries = self._passwords.tend()
        if self._ways.tend() or tries:
            self._provisioning.look()
        if tended.reclaimed or proofs or tries:
            self.wake()
        self._cleaning.turn()

    def _make_runner(self, installation: Installation, store: RunStore) -> Runner:
        runs, timeout_seconds = installation.runs, installation.settings.verify_timeout_seconds
        return Runner(
            store,
            installation.secrets,
            installation.tenancy.keys.credential_hash(),
            self._engine_loop.verify,
            timeout_seconds,
            self._on_run_done,
            installation.clock,
            installation.settings.sip_advertised_address or installation.settings.sip_source_address,
            forms=runs.form_desk,
            ladders=self._growing,
        )

    def _make_caller(self, installation: Installation, store: RunStore) -> CallMaker:
        settings = installation.settings
        return CallMaker(
            installation.runs.call_claims,
            store,
            installation.secrets,
            installation.tenancy.keys.credential_hash(),
            settings.rtp_ports,
            settings.media_address,
            self._on_done,
        )

    def _on_run_done(self, verification_id: UUID) -> None:
        self._on_done(verification_id)
        # It may have made its trunk active.
        self._provisioning.look()

    def _mend_clock(self) -> None:
        """Look for what a clock wrote before it was set back: at the start, and each minute."""
        now = time.monotonic()
        if now < self._mends_at:
            return
        self._mends_at = now + _MEND_SECONDS
        mended = self._rewound_clock.mend()
        if mended:
            _log.warning("clock-was-ahead", rows=mended)
            self.wake()

    def _leave(self) -> None:
        try:
            self._workers.remove(self._id)
        except StoreUnavailable as error:
            # Then its row says for a moment longer that it is at work, as behind a kill.
            _log.warning("store-away", error=str(error))

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
