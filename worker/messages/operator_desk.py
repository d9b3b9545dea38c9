"""Tells the operator of incidents, one after the other."""

import asyncio

from pydantic import SecretStr

from trunks.people.operator_notices import NoticeClaim, OperatorNotices
from trunks.rules.operator_notice import read_addresses
from worker.messages.apprise_notifier import AppriseNotifier

_AT_ONCE = 10


class OperatorDesk:
    """Raises SettingsInvalid where the operator's addresses cannot be used."""

    def __init__(self, notices: OperatorNotices, urls: SecretStr | None) -> None:
        addresses = () if urls is None else read_addresses(urls.get_secret_value())
        self._notifier = AppriseNotifier(addresses) if addresses else None
        self._notices = notices

    async def turn(self) -> None:
        """Tell what is to be told now. Raises StoreUnavailable."""
        if self._notifier is None:
            return
        for claim in await asyncio.to_thread(self._notices.claim, limit=_AT_ONCE):
            told = await self._tell(self._notifier, claim)
            failed = self._notifier.wanted(claim.severity) - claim.told - told
            await asyncio.to_thread(self._notices.record, claim, told, failed)

    async def _tell(self, notifier: AppriseNotifier, claim: NoticeClaim) -> frozenset[int]:
        left = sorted(notifier.wanted(claim.severity) - claim.told)
        heard = await asyncio.gather(
            *(asyncio.to_thread(notifier.send, each, claim.severity, claim.notice) for each in left)
        )
        return frozenset(number for number, was_told in zip(left, heard, strict=True) if was_told)
