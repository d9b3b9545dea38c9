"""Reconciliation: what stands on the voice infrastructure is read back, and what is ours is mended."""

from collections.abc import Callable, Sequence

import structlog

from trunks.errors import RunInterrupted
from trunks.installation.installation import Installation
from trunks.provisions.reconciliation import Judgement
from trunks.voice.provisioner import Provisioner, ProvisioningFailed
from trunks.voice.sides import ExistingSide
from worker.provisioning.coroutine_loop import CoroutineLoop
from worker.provisioning.taking_away import take_away_due

_log = structlog.get_logger(__name__)


class Reconciler:
    """Works from any thread."""

    def __init__(
        self,
        installation: Installation,
        provisioner: Provisioner,
        loop: CoroutineLoop,
        *,
        look: Callable[[], None],
    ) -> None:
        """Take what is called when something is to be done at the infrastructure's pace."""
        self._reconciliation = installation.provisions.reconciliation
        self._given_up = installation.provisions.given_up
        self._clock = installation.clock
        self._provisioner = provisioner
        self._loop = loop
        self._look = look

    def reconcile(self, *, at_start: bool = False) -> Judgement | None:
        """Read back what exists and mend what is ours; None when no cycle is due, or another worker has it."""
        claim_id = self._reconciliation.claim(at_start=at_start)
        if claim_id is None:
            return None
        judgement = None
        try:
            judgement = self._reconciled()
        except RunInterrupted:
            _log.info("reconciliation-interrupted")
        except ProvisioningFailed as failure:
            _log.warning("reconciliation-failed", cause=failure.cause.value, error=str(failure))
        finally:
            self._reconciliation.finish(claim_id, () if judgement is None else judgement.found)
        return judgement

    def _reconciled(self) -> Judgement:
        read_at = self._clock()
        existing = self._loop.run(self._read_all())
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
        if self._reconciliation.fix(judgement):
            self._look()
        if judgement.to_delete:
            # At the infrastructure's pace: what is left goes with the next turns.
            self._given_up.stand_again(judgement.to_delete)
            take_away_due(self._given_up, self._provisioner, self._loop)
        _log.info("reconciled", sides=len(existing), findings=len(judgement.found))
        return judgement

    async def _read_all(self) -> Sequence[ExistingSide]:
        return await self._provisioner.read_all()
