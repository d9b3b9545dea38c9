"""A run at the pace of its edges' addresses: admitted before it sends, debited for what it sent."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from sipcheck.dns.resolver import Edge
from sipcheck.report.model import Direction, Report
from sipcheck.target import HostPort
from trunks.errors import RunPostponed
from trunks.runs.address_limits import Spending, Wish
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.run_store import RunStore

# Beyond this a run is given back instead of keeping its place; it fits into the margin of a lease.
PATIENCE_SECONDS = 4.0

# OPTIONS to every edge; REGISTER and its answer to the challenge to the first.
_LIVENESS_REQUESTS = 1
_PROOF_REQUESTS = 2


class Admissions:
    """Give `admit` to the engine; what was spent is settled with the run's end, however it ends."""

    def __init__(self, store: RunStore, claim: ClaimedRun) -> None:
        self._store = store
        self._claim = claim
        self._granted: Counter[str] = Counter()
        self._heard: list[Report] = []
        self._addresses: dict[str, str] = {}
        self.waited_seconds = 0.0

    async def admit(self, edges: Sequence[Edge]) -> None:
        """Wait for this run's turn at all its addresses. Raises RunPostponed, StoreUnavailable."""
        if not self._store.paced or not edges:
            return
        self._addresses |= {str(HostPort(edge.address, edge.port)): edge.address for edge in edges}
        requests: Counter[str] = Counter()
        for edge in edges:
            requests[edge.address] += _LIVENESS_REQUESTS
        if self._claim.first.sealed_password is not None:
            requests[edges[0].address] += _PROOF_REQUESTS
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        admission = await self._store.admit(
            Wish(
                claim_id=self._claim.claim_id,
                environment_id=self._claim.environment_id,
                requests=requests,
                lease_until=self._claim.lease_until,
                on_demand=self._claim.on_demand,
                patience_seconds=PATIENCE_SECONDS,
                put_off=self._claim.put_off,
            )
        )
        if not admission.granted:
            raise RunPostponed(admission.wait_seconds, at=admission.short_at)
        self._granted += requests
        await asyncio.sleep(admission.wait_seconds)
        self.waited_seconds += loop.time() - asked_at

    def heard(self, report: Report) -> None:
        """Take a report of what was admitted; a gateway may have two."""
        self._heard.append(report)

    def spent(self) -> Sequence[Spending]:
        """What is to be settled: what was sent, retransmissions among it."""
        if not self._granted:
            return ()
        sent = self._sent() if self._heard else None
        return (Spending(self._claim.claim_id, self._granted, sent, self._claim.environment_id),)

    def _sent(self) -> Counter[str]:
        # An edge's large requests go to the same address and port by another transport (RFC 3261 §18.1.1).
        places = (
            (step.edge or "").rpartition("/")[0]
            for report in self._heard
            for step in report.trace
            if step.direction is Direction.SENT
        )
        return Counter(self._addresses[place] for place in places if place in self._addresses)
