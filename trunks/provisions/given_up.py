"""Sides that this installation made and gave up: said before they go, so that nothing else is ever deleted.

Source: docs/design/architecture.md, "Provisioning".
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sipcheck.diagnosis.inbound.standing import Standing
from trunks.clock import Clock
from trunks.provisions.pace import ProvisionPace
from trunks.repositories.given_up_sides import GivenUpSides
from trunks.store.database import Database
from trunks.voice.provisioner import Provisioner, ProvisionerName
from trunks.voice.sides import ExistingSide, SideContent, SideOwner

# Whoever gave it up is at it for so long; then it is anybody's.
_OWN_TURN = timedelta(seconds=5)
_AGAIN_AFTER = timedelta(seconds=10)
_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class SidesGivenUp:
    """The store's part; each is a transaction of its own. Raises StoreUnavailable."""

    database: Database
    provisioner: ProvisionerName
    clock: Clock
    pace: ProvisionPace

    def give_up(self, side_id: str, trunk_id: UUID) -> None:
        """Say that we made it and give it up; from now on it goes, whatever happens to this process."""
        with self.database.write() as session:
            now = self.clock()
            GivenUpSides(session).add(self.provisioner, side_id, trunk_id, now, due_at=now + _OWN_TURN)

    def leave(self, side_id: str, trunk_id: UUID) -> None:
        """Give up, and leave the rest to whoever tends next."""
        with self.database.write() as session:
            GivenUpSides(session).add(self.provisioner, side_id, trunk_id, now := self.clock(), due_at=now)
            GivenUpSides(session).hasten(self.provisioner, side_id, now)

    def gone(self, side_id: str) -> None:
        with self.database.write() as session:
            GivenUpSides(session).gone(self.provisioner, side_id, self.clock())

    def among(self, side_ids: Collection[str]) -> set[str]:
        """Which of these were given up."""
        with self.database.read() as session:
            return GivenUpSides(session).among(self.provisioner, side_ids)

    def of_trunk(self, trunk_id: UUID) -> frozenset[str]:
        with self.database.read() as session:
            return GivenUpSides(session).of_trunk(self.provisioner, trunk_id)

    async def take_away(self, provisioner: Provisioner, side_id: str, trunk_id: UUID) -> None:
        """Give a side up, and delete it. Raises ProvisioningFailed; StoreUnavailable, and then the side stands."""
        await asyncio.to_thread(self.give_up, side_id, trunk_id)
        await self.finish(provisioner, side_id)

    async def finish(self, provisioner: Provisioner, side_id: str) -> None:
        """Delete a side that was given up. Raises ProvisioningFailed, StoreUnavailable."""
        await provisioner.delete(side_id)
        await asyncio.to_thread(self.gone, side_id)

    def stand_again(self, side_ids: Collection[str]) -> None:
        """Have those be due that were found to stand, be they told as gone."""
        with self.database.write() as session:
            GivenUpSides(session).stand_again(self.provisioner, side_ids, self.clock())

    def due(self, *, at_least: int = 1) -> Sequence[str]:
        """Claim those that may stand still, for one try: as many as the infrastructure's pace leaves, and so many at
        least, however busy it is.
        """
        with self.database.write() as session:
            now = self.clock()
            found = GivenUpSides(session).due(self.provisioner, now, limit=_AT_ONCE)
            taken = found[: self.pace.let(session, len(found), at_least=at_least)]
            for side in taken:
                side.due_at = now + _AGAIN_AFTER
            return [side.side_id for side in taken]


@dataclass(slots=True)
class CarefulProvisioner:
    """A provisioner that deletes nothing of a trunk's before it is given up; it remembers what it made."""

    inner: Provisioner
    given_up: SidesGivenUp
    trunk_id: UUID
    made: set[str] = field(default_factory=set)

    @property
    def keeps_media(self) -> bool | None:
        return self.inner.keeps_media

    async def find(self, *, ids: Collection[str], numbers: Collection[str]) -> Sequence[ExistingSide]:
        return await self.inner.find(ids=ids, numbers=numbers)

    async def read_all(self) -> Sequence[ExistingSide]:
        return await self.inner.read_all()

    async def standing(self, *, ids: Collection[str] | None, called: str) -> Standing:
        return await self.inner.standing(ids=ids, called=called)

    async def create(self, owner: SideOwner, content: SideContent) -> str:
        made = await self.inner.create(owner, content)
        self.made.add(made)
        return made

    async def update(self, side_id: str, owner: SideOwner, content: SideContent) -> None:
        await self.inner.update(side_id, owner, content)

    async def delete(self, side_id: str) -> None:
        """Raises StoreUnavailable too, and then the side stands."""
        await self.given_up.take_away(self.inner, side_id, self.trunk_id)

    async def close(self) -> None:
        await self.inner.close()

    def give_up_made(self) -> None:
        """After a failure: what was made for it is not to stay, whether undoing reached it or not."""
        for side_id in self.made:
            self.given_up.leave(side_id, self.trunk_id)
