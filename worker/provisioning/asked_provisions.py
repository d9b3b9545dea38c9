"""The work on the voice infrastructure that is asked for: one trunk after the other, as its row wants it."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from trunks.errors import RunInterrupted, StoreUnavailable
from trunks.installation.installation import Installation
from trunks.provisions.claims import GIVEN_UP_LOOK_SECONDS, LEASE_MARGIN_SECONDS, ProvisionClaim
from trunks.provisions.given_up import CarefulProvisioner
from trunks.voice.provision_trunk import provision, remove
from trunks.voice.provisioner import FailureCause, NumberHeld, Provisioner, ProvisioningFailed, StoreBehind
from trunks.voice.read_together import ReadTogether
from trunks.voice.sides import ExistingSide, SideIds
from worker.provisioning.coroutine_loop import CoroutineLoop
from worker.provisioning.dialled_names import NameJudge

_log = structlog.get_logger(__name__)

# Longer than the other trunk takes to give a number up, unless it waits itself.
_GIVES_UP_ITS_OWN_AFTER = timedelta(seconds=2)
# Of what was claimed together: later ones would not be done within their leases.
_BEGUN_WITHIN = timedelta(seconds=LEASE_MARGIN_SECONDS)
_WORTH_READING_TOGETHER = 2


class AskedProvisions:
    """Works from any thread, until `ended` is set."""

    def __init__(
        self,
        installation: Installation,
        provisioner: Provisioner,
        loop: CoroutineLoop,
        *,
        ring: Callable[[UUID], None],
        on_done: Callable[[UUID], None],
        ended: threading.Event,
    ) -> None:
        self._claims = installation.provisions.claims
        self._reconciliation = installation.provisions.reconciliation
        self._given_up = installation.provisions.given_up
        self._secrets = installation.secrets
        self._clock = installation.clock
        self._provisioner = provisioner
        self._names = NameJudge.of(installation.settings.engine_settings())
        self._loop = loop
        self._ring = ring
        self._on_done = on_done
        self._ended = ended

    def run(self, trunk_id: UUID) -> None:
        """Do what somebody asked for a trunk, if anything waits; the rest has its turn."""
        try:
            claim = self._claims.claim(trunk_id, asked_alone=True)
            if claim is not None:
                self._do(claim, self._provisioner)
        except StoreUnavailable as error:
            _log.warning("store-away", trunk_id=str(trunk_id), error=str(error))

    def take(self, trunk_ids: Sequence[UUID]) -> Sequence[Callable[[], None]]:
        """Claim what waits for these trunks, whoever asked for it, and read their sides together; give what is to be
        done for each. Raises StoreUnavailable.
        """
        claims, begun_at = self._claims.claim_all(trunk_ids), self._clock()
        together = ReadTogether(self._provisioner, self._read(claims))
        return [partial(self._in_turn, claim, together, begun_at) for claim in claims]

    def _read(self, claims: Sequence[ProvisionClaim]) -> Mapping[str, ExistingSide]:
        ids = {each for claim in claims for each in claim.known.known}
        if len(claims) < _WORTH_READING_TOGETHER or not ids:
            return {}
        try:
            found = self._loop.run(self._find(ids))
        except (ProvisioningFailed, RunInterrupted):
            return {}  # each asks for itself, and says what is wrong
        return {each.id: each for each in found}

    async def _find(self, ids: Collection[str]) -> Sequence[ExistingSide]:
        return await self._provisioner.find(ids=ids, numbers=())

    def _in_turn(self, claim: ProvisionClaim, together: ReadTogether, begun_at: datetime) -> None:
        """Do it, or give it back where its lease could end before it is done."""
        try:
            if self._ended.is_set() or self._clock() - begun_at > _BEGUN_WITHIN:
                self._claims.release(claim)
            else:
                self._do(claim, together)
        except StoreUnavailable as error:
            _log.warning("store-away", trunk_id=str(claim.trunk_id), error=str(error))

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
        self._note_media()
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

    def _note_media(self) -> None:
        kept = self._provisioner.keeps_media
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
