"""The slots of an address: who may have the next (docs/design/queue.md, "Slots").

One is kept for scheduled checks and one for what environments ask for; of the latter the last is for whoever waits for
an answer. An only slot goes to checks and to environments in turn. Where slots are short, environments have them in the
order in which they were first refused one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from trunks.rules.pace_shares import CHECKS, Share


@dataclass(frozen=True, slots=True)
class Slot:
    """Who has one."""

    wanter: UUID
    on_demand: bool


@dataclass(slots=True)
class AddressSlots:
    """The slots of one address, by claim; `checks_next` says that an only slot went to an environment last."""

    limit: int
    held: dict[UUID, Slot] = field(default_factory=dict)
    checks_next: bool = False

    def has_room(self, claim_id: UUID, slot: Slot, shares: Mapping[UUID, Share], now: datetime) -> bool:
        """Whether this one may have a slot; who has one already, at another gateway, may."""
        if claim_id in self.held:
            return True
        waiting = {
            wanter: share
            for wanter, share in shares.items()
            if share.slot_wanted_at is not None and share.wanted_until > now
        }
        if len(self.held) >= self.limit:
            return False
        if self.limit == 1:
            checks_wait = CHECKS in waiting
            environments_wait = bool(waiting.keys() - {CHECKS})
            if slot.wanter == CHECKS:
                return self.checks_next or not environments_wait
            if self.checks_next and checks_wait:
                return False
        return self._room(slot) > self._ahead(slot, waiting)

    def take(self, claim_id: UUID, slot: Slot, shares: Mapping[UUID, Share]) -> None:
        """Have a slot; whoever of the same environment wants one too is behind those who were refused before."""
        self.held[claim_id] = slot
        self.checks_next = slot.wanter != CHECKS
        share = shares.get(slot.wanter)
        if share is not None:
            share.slot_wanted_at, share.slot_on_demand = None, False

    def _room(self, slot: Slot) -> int:
        asked = [held for held in self.held.values() if held.wanter != CHECKS]
        most = max(1, self.limit - 1)
        if slot.wanter == CHECKS:
            return most - (len(self.held) - len(asked))
        if slot.on_demand:
            return most - len(asked)
        queued = sum(not held.on_demand for held in asked)
        return min(most - len(asked), max(1, most - 1) - queued)

    @staticmethod
    def _ahead(slot: Slot, waiting: Mapping[UUID, Share]) -> int:
        """Of how many others it is the turn; whoever waits for an answer stands behind his like alone."""
        if slot.wanter == CHECKS:
            return 0
        own = waiting[slot.wanter].slot_wanted_at if slot.wanter in waiting else None
        return sum(
            (own is None or (share.slot_wanted_at is not None and share.slot_wanted_at < own))
            and (share.slot_on_demand or not slot.on_demand)
            for wanter, share in waiting.items()
            if wanter not in (CHECKS, slot.wanter)
        )


def refused_slot(share: Share, now: datetime, *, on_demand: bool) -> None:
    """Remember since when a slot is wanted."""
    share.slot_wanted_at = share.slot_wanted_at or now
    share.slot_on_demand = share.slot_on_demand or on_demand
