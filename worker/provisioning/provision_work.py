"""What a worker does on the voice infrastructure, and when: the work that is asked for, and reconciliation."""

import itertools
import threading
import time
from collections.abc import Callable
from uuid import UUID

import structlog

from trunks.doorbell import TEND_INTERVAL_SECONDS
from trunks.errors import StoreUnavailable
from trunks.installation.installation import Installation
from trunks.installation.provisioner_choice import make_provisioner
from trunks.provisions.reconciliation import Judgement
from trunks.voice.provisioner import Provisioner
from worker.provisioning.asked_provisions import AskedProvisions
from worker.provisioning.coroutine_loop import CoroutineLoop
from worker.provisioning.infrastructure_renewal import InfrastructureRenewal
from worker.provisioning.paced_provisions import PacedProvisions
from worker.provisioning.reconciler import Reconciler
from worker.provisioning.taking_away import take_away_due

_log = structlog.get_logger(__name__)

_BEGIN_TOGETHER_SECONDS = 0.5
_THREADS_END_WITHIN_SECONDS = 1.0


class ProvisionWork:
    """Works between start() and stop(), unless nothing provisions here."""

    def __init__(
        self,
        installation: Installation,
        *,
        ring: Callable[[UUID], None],
        on_done: Callable[[UUID], None],
    ) -> None:
        self._installation = installation
        self._claims = installation.provisions.claims
        self._given_up = installation.provisions.given_up
        self._ring = ring
        self._on_done = on_done
        self._provisioner: Provisioner | None = None
        self._ended = threading.Event()
        self._to_begin = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Reconcile once, and begin to tend. Raises SettingsInvalid, StoreUnavailable."""
        installation = self._installation
        provisioner = make_provisioner(
            installation.settings, mark=installation.provisions.reconciliation.mark
        )
        if provisioner is None:
            return
        self._loop = CoroutineLoop("provisioning-loop", close=provisioner.close)
        self._loop.start()
        self._asked = AskedProvisions(
            installation,
            provisioner,
            self._loop,
            ring=self._ring,
            on_done=self._on_done,
            ended=self._ended,
        )
        self._paced = PacedProvisions(
            installation.provisions.pace,
            self._asked.take,
            ended=self._ended,
        )
        self._reconciler = Reconciler(installation, provisioner, self._loop, look=self._paced.look)
        self._provisioner = provisioner
        self._start("provision-tending", self._repeat, self._tend)
        self._start("provision-beginning", self._begin_for_ever)
        self._start("provision-pacing", self._pace_for_ever)
        if installation.settings.infrastructure_listen is not None:
            renewal = InfrastructureRenewal(installation, self._loop)
            self._start("infrastructure-check", self._repeat, renewal.turn)
        self._start("reconciling", self._repeat, self._reconcile_at_start, self._reconcile_when_due)

    def stop(self) -> None:
        """Break off what runs: the next worker takes over what stands by then."""
        self._ended.set()
        self._to_begin.set()
        if self._provisioner is not None:
            self._paced.look()
            self._loop.stop()
            # Whoever closes the store afterwards closes it behind them.
            deadline = time.monotonic() + _THREADS_END_WITHIN_SECONDS
            for thread in self._threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def look(self) -> None:
        """Look for trunks that have become active, or are led otherwise; return at once, from any thread."""
        self._to_begin.set()
        if self._provisioner is not None:
            self._paced.look()

    def run(self, trunk_id: UUID) -> None:
        """Do the work that waits for a trunk, if any does."""
        if self._provisioner is not None:
            self._asked.run(trunk_id)

    def reconcile(self, *, at_start: bool = False) -> Judgement | None:
        """Read back what exists and mend what is ours; None when no cycle is due, or another worker has it."""
        if self._provisioner is None:
            return None
        return self._reconciler.reconcile(at_start=at_start)

    def _tend(self) -> None:
        self._ring_due()
        if self._provisioner is not None:
            take_away_due(self._given_up, self._provisioner, self._loop)

    def _ring_due(self) -> None:
        tended = self._claims.tend()
        for trunk_id in tended.reclaimed:
            _log.warning("provision-reclaimed", trunk_id=str(trunk_id))
        for trunk_id in tended.to_ring:
            self._ring(trunk_id)

    def _begin_for_ever(self) -> None:
        # Many become active at once: they are begun together.
        while not self._ended.wait(_BEGIN_TOGETHER_SECONDS):
            self._to_begin.wait()
            self._to_begin.clear()
            if not self._ended.is_set():
                self._guarded(self._begin)

    def _pace_for_ever(self) -> None:
        while not self._ended.is_set():
            self._guarded(self._paced.turn)

    def _begin(self) -> None:
        for trunk_id in self._claims.begin():
            self._ring(trunk_id)
        # A run may have led its trunk otherwise, too.
        self._ring_due()

    def _reconcile_at_start(self) -> None:
        self.reconcile(at_start=True)

    def _reconcile_when_due(self) -> None:
        self.reconcile()

    def _start(self, name: str, target: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=target, args=given, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _repeat(self, *turns: Callable[[], object]) -> None:
        """Do the turns one after the other, and the last of them for ever."""
        for turn in itertools.chain(turns, itertools.repeat(turns[-1])):
            self._guarded(turn)
            if self._ended.wait(TEND_INTERVAL_SECONDS):
                return

    def _guarded(self, turn: Callable[[], object]) -> None:
        try:
            turn()
        except StoreUnavailable as error:
            _log.warning("store-away", error=str(error))
        except Exception:  # noqa: BLE001 - the border of the thread: the next turn follows
            _log.exception("provision-turn-broke")
