"""Sides that were read for many trunks at once, so that what is changed of one is one write and no list of its own."""

from collections.abc import Collection, Mapping, Sequence

from sipcheck.diagnosis.inbound.standing import Standing
from trunks.voice.provisioner import Provisioner
from trunks.voice.sides import ExistingSide, SideContent, SideOwner


class ReadTogether:
    """A provisioner that answers the first question for sides that were read already; every later one is asked anew,
    since it follows a change.

    Others that carry a trunk's numbers are not looked for then: whoever changes an inbound side looks afterwards.
    """

    def __init__(self, inner: Provisioner, read: Mapping[str, ExistingSide]) -> None:
        self._inner = inner
        self._read = dict(read)

    @property
    def keeps_media(self) -> bool | None:
        return self._inner.keeps_media

    async def find(self, *, ids: Collection[str], numbers: Collection[str]) -> Sequence[ExistingSide]:
        known = [side for each in sorted(ids) if (side := self._read.pop(each, None)) is not None]
        if known and len(known) == len(ids):
            return known
        return await self._inner.find(ids=ids, numbers=numbers)

    async def read_all(self) -> Sequence[ExistingSide]:
        return await self._inner.read_all()

    async def standing(self, *, ids: Collection[str] | None, called: str) -> Standing:
        return await self._inner.standing(ids=ids, called=called)

    async def create(self, owner: SideOwner, content: SideContent) -> str:
        return await self._inner.create(owner, content)

    async def update(self, side_id: str, owner: SideOwner, content: SideContent) -> None:
        await self._inner.update(side_id, owner, content)

    async def delete(self, side_id: str) -> None:
        await self._inner.delete(side_id)

    async def close(self) -> None:
        await self._inner.close()
