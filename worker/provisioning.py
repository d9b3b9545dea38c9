"""What a worker does on the voice infrastructure: the work that is asked for, and reconciliation."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from trunks.doorbell import TEND_INTERVAL_SECONDS
from trunks.errors import RunInterrupted, StoreUnavailable
from trunks.installation.installation import Installation
from trunks.installation.provisioner_choice import make_provisioner
from trunks.provisions.claims import GIVEN_UP_LOOK_SECONDS, ProvisionClaim
from trunks.provisions.given_up import CarefulProvisioner
from trunks.provisions.reconciliation import Judgement
from trunks.voice.provision_trunk import provision, remove
from trunks.voice.provisioner import FailureCause, NumberHeld, Provisioner, ProvisioningFailed, StoreBehind
from trunks.voice.sides import ExistingSide, SideIds
from worker.call_view import NameJudge
from worker.coroutine_loop import CoroutineLoop
from worker.taking_away import take_away_due

_log = structlog.get_logger(__name__)

_BEGIN_TOGETHER_SECONDS = 0.5
_THREADS_END_WITHIN_SECONDS = 1.0
# Longer than the other trunk takes to give a number up, unless it waits itself.
_GIVES_UP_ITS_OWN_AFTER = timedelta(seconds=2)


class ProvisionWork:
    """Works between start() and stop(), unless nothing provisions here."""

    def __init__(
        self,
        installation: Installation,
        *,
        ring: Callable[[UUID], None],
        on_done: Callable[[UUID], None],
    ) -> None:
        self._settings = installation.settings
        self._claims = installation.provisions.claims
        self._reconciliation = installation.provisions.reconciliation
        self._given_up = installation.provisions.given_up
        self._secrets = installation.secrets
        self._clock = installation.clock
        self._ring = ring
        self._on_done = on_done
        self._provisioner: Provisioner | None = None
        self._names = NameJudge.of(self._settings.engine_settings())
        self._ended = threading.Event()
        self._to_begin = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Reconcile once, and begin to tend. Raises SettingsInvalid, StoreUnavailable."""
        provisioner = make_provisioner(self._settings, mark=self._reconciliation.mark)
        if provisioner is None:
            return
        self._provisioner = provisioner
        self._loop = CoroutineLoop("provisioning-loop", close=provisioner.close)
        self._loop.start()
        self._start("provision-tending", self._repeat, self._tend)
        self._start("provision-beginning", self._begin_for_ever)
        self._start("reconciling", self._repeat, self._reconcile_at_start, self._reconcile_when_due)

    def stop(self) -> None:
        """Break off what runs: the next worker takes over what stands by then."""
        self._ended.set()
        self._to_begin.set()
        if self._provisioner is not None:
            self._loop.stop()
            # Whoever closes the store afterwards closes it behind them.
            deadline = time.monotonic() + _THREADS_END_WITHIN_SECONDS
            for thread in self._threads:
                thread.join(max(0.0, deadline - time.monotonic()))

    def look(self) -> None:
        """Look for trunks that have become active; return at once, from any thread."""
        self._to_begin.set()

    def run(self, trunk_id: UUID) -> None:
        """Do the work that waits for a trunk, if any does."""
        if self._provisioner is None:
            return
        try:
            claim = self._claims.claim(trunk_id)
            if claim is not None:
                self._do(claim, self._provisioner)
        except StoreUnavailable as error:
            _log.warning("store-away", trunk_id=str(trunk_id), error=str(error))

    def reconcile(self, *, at_start: bool = False) -> Judgement | None:
        """Read back what exists and mend what is ours; None when no cycle is due, or another worker has it."""
        if self._provisioner is None:
            return None
        claim_id = self._reconciliation.claim(at_start=at_start)
        if claim_id is None:
            return None
        judgement = None
        try:
            judgement = self._reconciled(self._provisioner)
        except RunInterrupted:
            _log.info("reconciliation-interrupted")
        except ProvisioningFailed as failure:
            _log.warning("reconciliation-failed", cause=failure.cause.value, error=str(failure))
        finally:
            self._reconciliation.finish(claim_id, () if judgement is None else judgement.found)
        return judgement

    def _do(self, claim: ProvisionClaim, provisioner: Provisioner) -> None:
        log = _log.bind(trunk_id=str(claim.trunk_id))
        careful = CarefulProvisioner(provisioner, self._given_up, claim.trunk_id)
        try:
            claim = self._judged(claim)
            ids = self._loop.run(self._work(claim, careful))
        except RunInterrupted:
            self._claims.release(claim)
            return
        except StoreUnavailable:
            # Its lease brings it again.
            raise
        except ProvisioningFailed as failure:
            careful.give_up_made()
            if isinstance(failure, NumberHeld) and self._claims.is_given_up(claim, failure):
                log.info("provision-put-off", error=str(failure))
                self._put_off(claim, failure, careful)
                return
            log.warning("provision-failed", cause=failure.cause.value, error=str(failure))
            done = self._claims.fail(claim, failure)
        except Exception:  # the border of a task: whoever waits gets an answer
            log.exception("provision-broke")
            broke = ProvisioningFailed(
                FailureCause.OURS, "Provisioning broke off inside this service; its log says why."
            )
            done = self._claims.fail(claim, broke)
        else:
            log.info("provision-done", inbound_id=ids.inbound, outbound_id=ids.outbound)
            done = self._claims.finish(claim, ids)
        self._note_media(provisioner)
        if done:
            self._on_done(claim.trunk_id)
        else:
            # More was asked meanwhile.
            self._ring(claim.trunk_id)

    def _judged(self, claim: ProvisionClaim) -> ProvisionClaim:
        """Look where a name leads that nobody has looked at, before a side names it."""
        target = None if claim.blueprint is None else claim.blueprint.unjudged
        if target is None or self._names is None:
            return claim
        return self._claims.judged(claim, self._loop.run(self._names.judge(target)))

    def _note_media(self, provisioner: Provisioner) -> None:
        kept = provisioner.keeps_media
        if kept is not None and self._reconciliation.note_media(kept=kept) and not kept:
            _log.warning(
                "provision-media-dropped",
                told="The voice infrastructure does not keep what codecs and media encryption it is told; sides that "
                "differ in these alone are left as they are.",
            )

    def _put_off(self, claim: ProvisionClaim, held: NumberHeld, careful: CarefulProvisioner) -> None:
        standing = claim.known
        try:
            if self._clock() - claim.requested_at > _GIVES_UP_ITS_OWN_AFTER:
                standing = self._loop.run(self._work_without(held.number, claim, careful))
        except RunInterrupted:
            self._claims.release(claim)
            return
        except ProvisioningFailed as failure:
            careful.give_up_made()
            _log.warning("provision-failed", trunk_id=str(claim.trunk_id), error=str(failure))
        self._claims.put_off(claim, standing)
        self._ring_later(claim.trunk_id)

    async def _work_without(self, number: str, claim: ProvisionClaim, provisioner: Provisioner) -> SideIds:
        """Two trunks that exchange their numbers would wait for one another: one gives up its own first."""
        if claim.blueprint is None:
            return claim.known
        desired = claim.blueprint.without(number).desired(self._secrets)
        return await provision(provisioner, desired, claim.known, claim.given_up)

    def _ring_later(self, trunk_id: UUID) -> None:
        """Ring in a moment; a process that ends before leaves it to the next one that tends."""
        timer = threading.Timer(GIVEN_UP_LOOK_SECONDS, self._ring_unless_ended, [trunk_id])
        timer.daemon = True
        timer.start()

    def _ring_unless_ended(self, trunk_id: UUID) -> None:
        if not self._ended.is_set():
            self._ring(trunk_id)

    async def _work(self, claim: ProvisionClaim, provisioner: Provisioner) -> SideIds:
        if claim.newer_revision is not None:
            raise StoreBehind(claim.newer_revision)
        if claim.blueprint is None:
            await remove(provisioner, claim.trunk_id, claim.known, revision=claim.revision)
            return SideIds()
        desired = claim.blueprint.desired(self._secrets)
        return await provision(provisioner, desired, claim.known, claim.given_up)

    def _reconciled(self, provisioner: Provisioner) -> Judgement:
        read_at = self._clock()
        existing = self._loop.run(self._read_all(provisioner))
        judgement = self._reconciliation.judge(existing, read_at=read_at)
        for each in judgement.found:
            _log.warning(
                f"provision-{each.finding.value}",
                trunk_id=None if each.trunk_id is None else str(each.trunk_id),
                side_id=each.side_id,
                told=each.message,
            )
        if self._reconciliation.paused():
            _log.warning("provision-paused", findings=len(judgement.found))
            return judgement
        for trunk_id in self._reconciliation.fix(judgement):
            self._ring(trunk_id)
        self._loop.run(self._delete(provisioner, judgement.to_delete))
        _log.info("reconciled", sides=len(existing), findings=len(judgement.found))
        return judgement

    async def _read_all(self, provisioner: Provisioner) -> Sequence[ExistingSide]:
        return await provisioner.read_all()

    async def _delete(self, provisioner: Provisioner, side_ids: Sequence[str]) -> None:
        for side_id in side_ids:
            await self._given_up.finish(provisioner, side_id)

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
