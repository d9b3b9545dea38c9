"""Pace by edge address, over all workers and tenants (docs/design/architecture.md, "Good manners")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trunks.clock import Clock, utc_now
from trunks.models.edge_budget import EdgeBudget
from trunks.repositories.edge_budgets import EdgeBudgets
from trunks.store.database import Database

# How soon a run looks again whether a slot has become free.
_SLOT_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """Requests a second and at once, and verifications in flight, for each address; 0 is no limit."""

    rate: float = 4.0
    burst: int = 8
    concurrency: int = 4

    @property
    def off(self) -> bool:
        return not self.rate and not self.concurrency


@dataclass(frozen=True, slots=True)
class Admission:
    """Granted: send after `wait_seconds`. Not granted: nothing was taken; ask again after them."""

    granted: bool
    wait_seconds: float = 0.0


class AddressLimits:
    """A token bucket and slots for each address. A granted run takes its tokens at once, also those still to come, for
    which it waits: whoever asks later waits longer.

    Only on-demand runs may take tokens that are still to come, so that scheduled ones find none before them.
    """

    def __init__(self, database: Database, limits: PaceLimits, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._limits = limits
        self._clock = clock

    @property
    def off(self) -> bool:
        return self._limits.off

    def admit(
        self,
        claim_id: UUID,
        requests: Mapping[str, int],
        *,
        lease_until: datetime,
        on_demand: bool,
        patience_seconds: float,
    ) -> Admission:
        """Ask to send so many requests to each address, waiting for tokens no longer than `patience_seconds`."""
        limits = self._limits
        with self._database.write() as session:
            now = self._clock()
            budgets = EdgeBudgets(session)
            buckets = budgets.locked(requests, burst=limits.burst, now=now)
            # The last slot is for whoever waits for an answer, where there is more than one.
            slots = limits.concurrency if on_demand else max(1, limits.concurrency - 1)
            if limits.concurrency and budgets.most_in_flight(requests, now) >= slots:
                return Admission(False, _SLOT_LOOK_SECONDS)
            wait_seconds = 0.0
            if limits.rate:
                for bucket in buckets:
                    self._refill(bucket, now)
                missing = max(requests[bucket.address] - bucket.tokens for bucket in buckets)
                wait_seconds = max(0.0, missing / limits.rate)
                if wait_seconds > (patience_seconds if on_demand else 0.0):
                    return Admission(False, wait_seconds)
                for bucket in buckets:
                    bucket.tokens -= requests[bucket.address]
            budgets.take_slots(requests, claim_id, lease_until)
            return Admission(True, wait_seconds)

    def admit_each(
        self, wishes: Sequence[Mapping[str, int]], *, patience_seconds: Sequence[float]
    ) -> list[Admission]:
        """Ask for many scheduled checks in one turn; the further back in the queue, the longer the wait.

        They take no slots: each is one request to an address, and is no verification. One with patience may take
        tokens that are still to come, as an on-demand run does.
        """
        limits = self._limits
        if not limits.rate or not wishes:
            return [Admission(True) for _ in wishes]
        with self._database.write() as session:
            now = self._clock()
            addresses = {address for wish in wishes for address in wish}
            found = EdgeBudgets(session).locked(addresses, burst=limits.burst, now=now)
            buckets = {bucket.address: bucket for bucket in found}
            for bucket in found:
                self._refill(bucket, now)
            refused: dict[str, int] = dict.fromkeys(addresses, 0)
            answers = []
            for wish, patience in zip(wishes, patience_seconds, strict=True):
                missing = max(count + refused[each] - buckets[each].tokens for each, count in wish.items())
                wait_seconds = max(0.0, missing / limits.rate)
                granted = wait_seconds <= patience
                for address, count in wish.items():
                    if granted:
                        buckets[address].tokens -= count
                    else:
                        refused[address] += count
                answers.append(Admission(granted, wait_seconds))
            return answers

    def settle(self, claim_id: UUID, requests: Mapping[str, int], sent: Mapping[str, int] | None) -> None:
        """End a granted run: its slots are free, what it did not send is given back, what it sent more is debited.

        `sent` is None when nobody knows: then it counts as what was granted.
        """
        with self._database.write() as session:
            now = self._clock()
            budgets = EdgeBudgets(session)
            spent = requests if sent is None else sent
            for bucket in budgets.locked(requests, burst=self._limits.burst, now=now):
                self._refill(bucket, now)
                returned = requests[bucket.address] - spent.get(bucket.address, 0)
                bucket.tokens = min(float(self._limits.burst), bucket.tokens + returned)
            budgets.free_slots(claim_id)

    def _refill(self, bucket: EdgeBudget, now: datetime) -> None:
        # Workers' clocks differ: one that is behind another adds nothing, and turns nothing back.
        passed = max(0.0, (now - bucket.refilled_at).total_seconds())
        bucket.tokens = min(float(self._limits.burst), bucket.tokens + passed * self._limits.rate)
        bucket.refilled_at = max(now, bucket.refilled_at)
