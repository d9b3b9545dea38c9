"""What stands on the voice infrastructure, read for whoever answers callers; nothing is changed there."""

import asyncio
from collections.abc import Collection, Sequence

import structlog

from sipcheck.diagnosis.inbound.numbers import normalised
from sipcheck.diagnosis.inbound.standing import Standing
from trunks.installation.provisioner_choice import make_provisioner
from trunks.installation.settings import Settings
from trunks.provisions.reconciliation import Reconciliation
from trunks.provisions.status import ProvisionOverview
from trunks.voice.provisioner import FailureCause, Provisioner, ProvisionerName, ProvisioningFailed
from trunks.voice.sides import InboundSide

_log = structlog.get_logger(__name__)

# A caller waits for it, and provisioning looks again in any case.
ASKED_AT_MOST_SECONDS = 1.5


class VoiceReader:
    """One client for the event loop that it is first used on, and closed on."""

    def __init__(
        self, settings: Settings, reconciliation: Reconciliation, overview: ProvisionOverview
    ) -> None:
        self._settings = settings
        self._reconciliation = reconciliation
        self._overview = overview
        self._provisioner: Provisioner | None = None

    async def standing(self, *, ids: Collection[str], called: str) -> Standing:
        """Read what decides about a call; nothing does where nothing provisions. Raises ProvisioningFailed."""
        provisioner = await self._opened()
        return Standing() if provisioner is None else await provisioner.standing(ids=ids, called=called)

    async def taken_by_stranger(self, numbers: Sequence[str]) -> str | None:
        """Find a number that a trunk has which this installation did not make.

        None where the infrastructure does not answer soon, too: provisioning finds it then.
        """
        provisioner = await self._opened() if numbers else None
        if provisioner is None:
            return None
        try:
            async with asyncio.timeout(ASKED_AT_MOST_SECONDS):
                sides = await provisioner.find(ids=(), numbers=numbers)
        except ProvisioningFailed as failure:
            _log.warning("numbers-not-looked-up", cause=failure.cause.value, error=str(failure))
            return None
        except TimeoutError:
            told = f"it did not answer within {ASKED_AT_MOST_SECONDS:g} s"
            _log.warning("numbers-not-looked-up", cause=FailureCause.SLOW.value, error=told)
            return None
        strangers = {
            side.id: side.content
            for side in sides
            if side.owner is None and isinstance(side.content, InboundSide)
        }
        if not strangers:
            return None
        # One whose mark was taken off by hand is ours still.
        ours = await asyncio.to_thread(self._overview.known_sides, tuple(strangers))
        taken = {
            normalised(each)
            for side, content in strangers.items()
            if side not in ours
            for each in content.numbers
        }
        return next((number for number in numbers if normalised(number) in taken), None)

    async def close(self) -> None:
        provisioner, self._provisioner = self._provisioner, None
        if provisioner is not None:
            await provisioner.close()

    async def _opened(self) -> Provisioner | None:
        if self._settings.provisioner is ProvisionerName.NONE:
            return None
        if self._provisioner is None:
            mark = await asyncio.to_thread(self._reconciliation.mark)
            # Another may have been here meanwhile.
            self._provisioner = self._provisioner or make_provisioner(self._settings, mark=lambda: mark)
        return self._provisioner
