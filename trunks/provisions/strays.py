"""Sides with our mark that the store cannot answer for: what an operator does about them, by their ids.

They come of a restored backup beside a voice infrastructure that went on (docs/operating.md, "Back up, and restore").
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.errors import Refused
from trunks.provisions.given_up import SidesGivenUp
from trunks.provisions.reconciliation import Reconciliation, SideFinding
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.provisions import Provisions
from trunks.repositories.trunks import Trunks
from trunks.store.database import Database
from trunks.voice.provisioner import Provisioner, ProvisionerName
from trunks.voice.sides import ExistingSide, InboundSide, OutboundSide, SideContent, SideOwner

_STRAYS = (SideFinding.UNKNOWN, SideFinding.NEWER)


class NoStray(Refused):
    """A side is none that only the operator can judge."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A side whose trunk has no row, or a row that is older than it."""

    finding: SideFinding
    side: ExistingSide
    owner: SideOwner


@dataclass(frozen=True, slots=True)
class Strays:
    database: Database
    provisioner: ProvisionerName
    reconciliation: Reconciliation
    given_up: SidesGivenUp
    clock: Clock

    def among(self, existing: Sequence[ExistingSide], side_ids: Collection[str] = ()) -> list[Stray]:
        """List the strays among what exists, or those of these ids. Raises NoStray for an id of no stray."""
        findings = {
            each.side_id: each.finding
            for each in self.reconciliation.judge(existing, read_at=self.clock()).found
            if each.finding in _STRAYS
        }
        for side_id in side_ids:
            if side_id not in findings:
                raise NoStray(f"{side_id} is none of those that trunkd provision list shows.")
        return [
            Stray(findings[side.id], side, side.owner)
            for side in existing
            if side.id in findings and side.owner is not None and (not side_ids or side.id in side_ids)
        ]

    def adopt(self, strays: Sequence[Stray]) -> frozenset[UUID]:
        """Link them to their trunks, which are then provisioned as their rows say; give the trunks that there are."""
        by_trunk: dict[UUID, list[Stray]] = {}
        for stray in strays:
            by_trunk.setdefault(stray.owner.trunk_id, []).append(stray)
        adopted = set()
        for trunk_id, sides in sorted(by_trunk.items()):
            with self.database.write() as session:
                if self._adopt(session, trunk_id, sides):
                    adopted.add(trunk_id)
        return frozenset(adopted)

    def _adopt(self, session: Session, trunk_id: UUID, strays: Sequence[Stray]) -> bool:
        now = self.clock()
        if Trunks(session).steady(trunk_id) is None:
            return False
        ProvisionRequests(session, self.provisioner).request(trunk_id, now)
        provision = Provisions(session).locked(trunk_id)
        if provision is None:
            return False
        provision.revision = max(provision.revision, *(stray.owner.revision + 1 for stray in strays))
        provision.inbound_id = _newest(strays, InboundSide) or provision.inbound_id
        provision.outbound_id = _newest(strays, OutboundSide) or provision.outbound_id
        provision.newer_revision = None
        provision.notify_at = now
        return True

    async def purge(self, provisioner: Provisioner, strays: Sequence[Stray]) -> None:
        """Take them away, each given up before. Raises ProvisioningFailed, StoreUnavailable."""
        for stray in strays:
            await self.given_up.take_away(provisioner, stray.side.id, stray.owner.trunk_id)


def _newest(strays: Sequence[Stray], kind: type[SideContent]) -> str | None:
    sides = [stray.side for stray in strays if isinstance(stray.side.content, kind)]
    return max(sides, key=lambda side: (side.revision, side.id)).id if sides else None
