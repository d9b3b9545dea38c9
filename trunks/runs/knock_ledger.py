"""What peers' guards may count against us, kept by address over all workers (docs/design/queue.md, "Knocks").

A run that may cost something *reserves* the worst of it when it is admitted, under the lock of the address's bucket;
*settled* with its result it is what was seen, which is nothing for a run that proved its account. What a crash leaves
is a reservation whose lease ends: it stands whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.repositories.knocks import Knocks
from trunks.rules.guesses import GUESS_WINDOW, guesses_at
from trunks.rules.knock import Knock
from trunks.rules.visitor import Visitor

# How soon a run looks again that only others in flight keep back.
LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a run sends nothing now. Without `frozen_until` others in flight decide whether it may."""

    frozen_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run came to at one address: countable requests, refused passwords."""

    address: str
    weight: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A run at its addresses: `worst` is what it may cost at each, which it reserves by its claim."""

    claim_id: UUID
    lease_until: datetime
    visitor: Visitor
    worst: Mapping[str, int]

    def at_worst(self) -> list[Seen]:
        """What stands of a run that nobody heard of."""
        if self.visitor.proven:
            return []
        refused = int(self.visitor.knows_password)
        return [Seen(address, weight, refused) for address, weight in self.worst.items()]


@dataclass(frozen=True, slots=True)
class Settlement:
    """A run's end in the ledger."""

    claim_id: UUID
    visitor: Visitor
    seen: Sequence[Seen]


class LedgerTurn:
    """The ledger in one admission, whose transaction has the addresses' buckets locked."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._rows = Knocks(session)
        self._now = now
        self._at: dict[str, list[Knock]] = {}
        self._reserved: list[Knock] = []

    def begin(self, visits: Iterable[Visit]) -> None:
        self._at = {address: [] for visit in visits for address in visit.worst}
        if self._at:
            for knock in self._rows.at(self._at.keys(), self._now - GUESS_WINDOW):
                self._at[knock.address].append(knock)

    def hold(self, visit: Visit) -> Hold | None:
        """Say what stands against a run; None when it may begin."""
        if not visit.visitor.knows_password:
            return None
        judged = [
            guesses_at(visit.visitor, self._others(address, visit), self._now) for address in visit.worst
        ]
        frozen = [each.retry_at for each in judged if each.retry_at is not None]
        if frozen:
            return Hold(max(frozen))
        return Hold() if any(each.busy for each in judged) else None

    def reserve(self, visit: Visit) -> None:
        """Enter the worst that a run may cost."""
        for seen in visit.at_worst():
            knock = replace(
                _knock(visit.visitor, seen, self._now), claim_id=visit.claim_id, lease_until=visit.lease_until
            )
            self._at[seen.address].append(knock)
            self._reserved.append(knock)

    def end(self) -> None:
        self._rows.enter(self._reserved)

    def _others(self, address: str, visit: Visit) -> list[Knock]:
        """A trunk's further gateways are asked by the same run."""
        return [knock for knock in self._at[address] if knock.claim_id != visit.claim_id]


def settle(session: Session, settlements: Sequence[Settlement], now: datetime) -> None:
    """Put what was seen in the place of what was reserved."""
    rows = Knocks(session)
    # What is written a second time, since nobody heard that it had been, takes the place of the first.
    changed = {each.claim_id for each in settlements if each.seen or not each.visitor.proven}
    if changed:
        rows.remove(changed)
    rows.enter(
        replace(_knock(each.visitor, seen, now), claim_id=each.claim_id)
        for each in settlements
        for seen in each.seen
        if seen.weight or seen.refused
    )


def _knock(visitor: Visitor, seen: Seen, now: datetime) -> Knock:
    return Knock(
        address=seen.address,
        environment_id=visitor.environment_id,
        account_key=visitor.account_key,
        at=now,
        weight=seen.weight,
        refused=seen.refused,
    )
