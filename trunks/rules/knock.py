"""One entry of the ledger of knocks: what a peer's guard may count against us (docs/design/queue.md, "Knocks")."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """`weight` countable requests, and `refused` passwords, of one account at one address; `silent` of the requests had
    no answer at all.

    With a lease it is the worst that a run may cost: in flight while it lasts, and standing whole from then on.
    """

    address: str
    environment_id: UUID | None
    account_key: str
    at: datetime
    weight: int
    refused: int
    silent: int = 0
    claim_id: UUID | None = None
    lease_until: datetime | None = None

    def in_flight(self, now: datetime) -> bool:
        return self.lease_until is not None and self.lease_until > now
