"""The paces of addresses inside a transaction: read from the rows, which it locks, and written back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trunks.models.edge_budget import EdgeBudget
from trunks.repositories.edge_budgets import EdgeBudgets
from trunks.rules.pace_shares import AddressPace
from trunks.rules.pace_slots import AddressSlots


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """Requests a second and at once, and verifications in flight, for each address; 0 is no limit."""

    rate: float = 4.0
    burst: int = 8
    concurrency: int = 4

    @property
    def off(self) -> bool:
        return not self.rate and not self.concurrency


class EdgePaces:
    """Where nobody was refused lately an address has no shares, and costs no question for them."""

    def __init__(self, budgets: EdgeBudgets, limits: PaceLimits, now: datetime) -> None:
        self._budgets = budgets
        self._limits = limits
        self._now = now
        self._rows: dict[str, EdgeBudget] = {}
        self._paces: dict[str, AddressPace] = {}
        self._slots: dict[str, AddressSlots] = {}
        self._had: dict[str, set[UUID]] = {}

    def load(self, addresses: Collection[str], *, slots: bool = False) -> None:
        """Lock these addresses and bring them up to now."""
        limits, now = self._limits, self._now
        rows = self._budgets.locked(addresses, burst=limits.burst, now=now)
        contended = [row.address for row in rows if row.contended_until is not None]
        shares = self._budgets.shares(contended) if contended else {}
        in_flight = self._budgets.in_flight(addresses, now) if slots and limits.concurrency else {}
        for row in rows:
            address = row.address
            pace = AddressPace(
                limits.rate, limits.burst, row.tokens, row.refilled_at, shares.get(address, {})
            )
            self._had[address] = set(pace.shares)
            pace.refill(now)
            self._rows[address], self._paces[address] = row, pace
            self._slots[address] = AddressSlots(
                limits.concurrency, in_flight.get(address, {}), row.checks_next
            )

    def at(self, address: str) -> AddressPace:
        return self._paces[address]

    def slots(self, address: str) -> AddressSlots:
        return self._slots[address]

    def keep(self) -> None:
        """Write what became of them."""
        kept, gone = [], []
        for address, pace in self._paces.items():
            row = self._rows[address]
            row.tokens, row.refilled_at = pace.tokens, pace.refilled_at
            row.checks_next = self._slots[address].checks_next
            row.contended_until = max((share.wanted_until for share in pace.shares.values()), default=None)
            kept += [(address, wanter, share) for wanter, share in pace.shares.items()]
            gone += [(address, wanter) for wanter in self._had[address] - pace.shares.keys()]
        self._budgets.keep_shares(kept, gone)
