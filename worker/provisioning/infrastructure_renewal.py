"""What the infrastructure does is measured again once a day, by whichever worker looks first."""

import structlog

from trunks.errors import RunInterrupted, SettingsInvalid
from trunks.installation.installation import Installation
from trunks.installation.measuring import Measured, Measuring, doors_of
from trunks.voice.provisioner import ProvisioningFailed
from worker.provisioning.coroutine_loop import CoroutineLoop

_log = structlog.get_logger(__name__)


class InfrastructureRenewal:
    """Takes turns in one thread; the first takes away what a killed check left."""

    def __init__(self, installation: Installation, loop: CoroutineLoop) -> None:
        """Raises SettingsInvalid where the infrastructure could not call here."""
        settings = installation.settings
        self._doors = doors_of(settings.infrastructure_listen, settings.infrastructure_reach)
        self._measuring = Measuring(installation, loop.run)
        self._is_clear = False

    def turn(self) -> None:
        """Measure where that is due. Raises StoreUnavailable."""
        try:
            self._is_clear = self._is_clear or self._measuring.clear()
            measured = self._measuring.renew(self._doors)
        except RunInterrupted:
            _log.info("infrastructure-check-interrupted")
        except (ProvisioningFailed, SettingsInvalid) as failure:
            _log.warning("infrastructure-check-failed", error=str(failure))
        else:
            if measured is not None:
                _tell(measured)


def _tell(measured: Measured) -> None:
    found, facts = measured.found.measurement, measured.facts
    _log.info(
        "infrastructure-measured",
        reaches=found.reaches.value,
        route=None if found.route is None else found.route.value,
        addresses=sorted(found.addresses),
    )
    if facts.route_measured is not None:
        _log.warning(
            "infrastructure-route-changed",
            measured=facts.route_measured.answer.value,
            told="A Route was obeyed, and is not any more; nothing is changed before "
            "`trunkd infrastructure check --accept`.",
        )
