"""What runs and checks ask of the pace of addresses, what they are answered, and what they have spent."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trunks.rules.pace_shares import CHECKS
from trunks.runs.knock_ledger import Hold, Visit


@dataclass(frozen=True, slots=True)
class Admission:
    """Granted: send after `wait_seconds`. Not granted: nothing was taken; ask again after them, because of the pace of
    `short_at`, unless the ledger of knocks stands against it.
    """

    granted: bool
    wait_seconds: float = 0.0
    short_at: str | None = None
    hold: Hold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a run would send to each address, waiting for tokens no longer than `patience_seconds`.

    `environment_id` says whose it is; a scheduled check is nobody's. `put_off` says that it was refused before, and
    that its time has come. `visit` is what the ledger of knocks judges.

    Of those that others in flight keep back: `in_line` says that it stands in its process's line, `is_followed` that
    others do behind it, `behind_seconds` how long those ahead may take, `turn_seconds` how long a run has the address.
    """

    claim_id: UUID
    requests: Mapping[str, int]
    lease_until: datetime
    on_demand: bool
    patience_seconds: float
    environment_id: UUID = CHECKS
    put_off: bool = False
    visit: Visit | None = None
    in_line: bool = False
    is_followed: bool = False
    behind_seconds: float = 0.0
    turn_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Spending:
    """What a run was granted, and what of it it `sent`; None where nobody knows, which counts as what was granted."""

    claim_id: UUID
    granted: Mapping[str, int]
    sent: Mapping[str, int] | None
    environment_id: UUID = CHECKS

    def returned(self) -> dict[str, int]:
        """What it did not send; below zero what it sent more."""
        if self.sent is None:
            return {}
        counts = {address: count - self.sent.get(address, 0) for address, count in self.granted.items()}
        return {address: count for address, count in counts.items() if count}
