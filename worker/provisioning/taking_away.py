"""What was given up on the voice infrastructure and may stand still: undoing failed, or its worker was killed."""

import structlog

from trunks.errors import RunInterrupted
from trunks.provisions.given_up import SidesGivenUp
from trunks.voice.provisioner import FailureCause, Provisioner, ProvisioningFailed
from worker.provisioning.coroutine_loop import CoroutineLoop

_log = structlog.get_logger(__name__)

# Whoever comes next would meet the same.
_THE_WHOLE_OF_IT = frozenset(
    {FailureCause.DOWN, FailureCause.SLOW, FailureCause.KEY_REFUSED, FailureCause.NONSENSE}
)


def take_away_due(given_up: SidesGivenUp, provisioner: Provisioner, loop: CoroutineLoop) -> None:
    """Delete what is due, at the infrastructure's pace: one each turn at least. What cannot be deleted is due again.

    Raises StoreUnavailable.
    """
    due = given_up.due()
    while due:
        for side_id in due:
            if not _take_away(side_id, given_up, provisioner, loop):
                return
        due = given_up.due(at_least=0)


def _take_away(side_id: str, given_up: SidesGivenUp, provisioner: Provisioner, loop: CoroutineLoop) -> bool:
    """Delete one; false where the next would meet the same."""
    try:
        loop.run(given_up.finish(provisioner, side_id))
    except RunInterrupted:
        return False
    except ProvisioningFailed as failure:
        _log.warning(
            "provision-not-taken-away", side_id=side_id, cause=failure.cause.value, error=str(failure)
        )
        return failure.cause not in _THE_WHOLE_OF_IT
    return True
