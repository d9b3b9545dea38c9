"""A run at the pace of its edges' addresses: admitted before it sends, debited for what it sent."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from sipcheck.dns.route import Edge
from sipcheck.report.call_report import CallReport
from sipcheck.report.model import Direction, Report
from sipcheck.target import HostPort
from trunks.errors import AddressResting, RunPostponed, TooManyRejections
from trunks.rules.visitor import Visitor
from trunks.runs.claimed_run import ClaimedGateway, ClaimedRun
from trunks.runs.kept_back import Place
from trunks.runs.knock_count import seen_in, worst_of
from trunks.runs.knock_ledger import FREE, Settlement, Visit
from trunks.runs.open_slots import OpenSlots
from trunks.runs.run_store import RunStore
from trunks.runs.wishes import Admission, Spending, Wish

# Beyond this a run is given back instead of keeping its place; it fits into the margin of a lease.
PATIENCE_SECONDS = 4.0
# So long a line is stood in behind others in flight; of a longer one the rest is in its rows.
_LINE_SECONDS = 2.0

# Whoever is broken off while the store is asked waits so long for its answer.
_TOLD_WITHIN_SECONDS = 1.0

# OPTIONS to every edge; REGISTER and its answer to the challenge to the first.
_LIVENESS_REQUESTS = 1
_PROOF_REQUESTS = 2


class Admissions:
    """Give `admit` to the engine; what was spent is settled with the run's end, however it ends."""

    def __init__(
        self,
        store: RunStore,
        claim: ClaimedRun,
        gateway: ClaimedGateway,
        account_key: str,
        slots: OpenSlots,
    ) -> None:
        """Take the name of the account that is asked as (trunks.secrets.credential_key), and the run's slots."""
        self._slots = slots
        self._open: list[str] = []
        self._store = store
        self._claim = claim
        self._visitor = Visitor(
            environment_id=claim.environment_id,
            account_key=account_key,
            proven=gateway.destination_id in claim.proven_at,
            knows_password=claim.first.sealed_password is not None,
        )
        # A realm is learned with the proof of its user.
        self._user_known = bool(claim.learned_realms)
        self._visits: list[Visit] = []
        self._granted: Counter[str] = Counter()
        # Begun, and not heard of yet.
        self._under_way: list[Visit] = []
        self._leaving: Counter[str] = Counter()
        self._heard: list[Report | CallReport] = []
        self._addresses: dict[str, str] = {}
        self._began_at: float | None = None
        self.waited_seconds = 0.0

    async def admit(self, edges: Sequence[Edge]) -> None:
        """Wait for this run's turn at all its addresses.

        Raises RunPostponed, AddressResting, TooManyRejections, StoreUnavailable.
        """
        if not edges or not (self._store.paced or self._visitor.knows_password):
            return
        self._addresses |= {str(HostPort(edge.address, edge.port)): edge.address for edge in edges}
        asked = Counter(edge.address for edge in edges)
        requests = Counter({address: count * _LIVENESS_REQUESTS for address, count in asked.items()})
        if self._claim.first.sealed_password is not None:
            requests[edges[0].address] += _PROOF_REQUESTS
        visit = Visit(
            claim_id=self._claim.claim_id,
            lease_until=self._claim.lease_until,
            visitor=self._visitor,
            worst=worst_of(asked, proof=self._visitor.knows_password),
        )
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        wait_seconds = await self._admitted(requests, visit)
        self._open = [edge.address for edge in edges]
        self._slots.opened(self._open)
        await asyncio.sleep(wait_seconds)
        self._under_way.append(visit)
        self._leaving += requests
        self.waited_seconds += loop.time() - asked_at

    async def _admitted(self, requests: Mapping[str, int], visit: Visit) -> float:
        """Ask until it is granted, as long as only others in flight are in the way; give what is to be waited then."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE_SECONDS
        with self._store.kept_back.place(visit, on_demand=self._claim.on_demand) as place:
            if not self._visitor.proven and 0.0 < place.behind_seconds < self._line_seconds:
                # Whoever stands in line there goes before him.
                await place.turn(until)
            while True:
                left = max(0.0, until - loop.time())
                asked_at = loop.time()
                admission = await self._asked(self._wish(requests, visit, left, place), visit)
                if admission.granted:
                    self._began_at = asked_at
                    return admission.wait_seconds
                hold = admission.hold or FREE
                if hold.frozen_until is not None:
                    raise TooManyRejections(hold.frozen_until)
                if hold.resting_until is not None:
                    raise AddressResting(hold.resting_until, admission.wait_seconds)
                if not place.in_line:
                    left = min(left, self._line_seconds) if admission.hold else 0.0
                if admission.wait_seconds > left:
                    raise RunPostponed(admission.wait_seconds, at=admission.short_at)
                await place.turn(until, look_seconds=admission.wait_seconds, of_account=hold.of_account)

    async def _asked(self, wish: Wish, visit: Visit) -> Admission:
        """Ask the store, and know what it granted also where the run is broken off meanwhile: it is given back then."""
        asking = asyncio.ensure_future(self._store.admit(wish))
        asking.add_done_callback(lambda asked: self._take(asked, wish.requests, visit))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            await asyncio.wait({asking}, timeout=_TOLD_WITHIN_SECONDS)
            raise

    def _take(self, asked: asyncio.Future[Admission], requests: Mapping[str, int], visit: Visit) -> None:
        if not asked.cancelled() and asked.exception() is None and asked.result().granted:
            self._granted += requests
            self._visits.append(visit)

    @property
    def _line_seconds(self) -> float:
        return PATIENCE_SECONDS if self._claim.on_demand else _LINE_SECONDS

    def _wish(self, requests: Mapping[str, int], visit: Visit, patience_seconds: float, place: Place) -> Wish:
        return Wish(
            claim_id=self._claim.claim_id,
            environment_id=self._claim.environment_id,
            requests=requests,
            lease_until=self._claim.lease_until,
            on_demand=self._claim.on_demand,
            patience_seconds=patience_seconds,
            put_off=self._claim.put_off,
            visit=visit,
            in_line=place.in_line,
            is_followed=place.is_followed,
            behind_seconds=place.behind_seconds,
            turn_seconds=place.turn_seconds,
        )

    def edge_done(self, edge: Edge) -> None:
        """Take that nothing more is sent to an edge."""
        if edge.address in self._open:
            self._open.remove(edge.address)
            self._slots.done(edge.address)

    def heard(self, report: Report | CallReport) -> None:
        """Take a report of what was admitted since the last one; a gateway may have two."""
        self._under_way.clear()
        self._leaving.clear()
        for address in self._open:
            self._slots.done(address)
        self._open = []
        self._heard.append(report)

    def spent(self) -> Sequence[Spending]:
        """What is to be settled: what was sent, retransmissions among it, and what perhaps was."""
        if not self._granted:
            return ()
        sent = self._sent() + self._leaving if self._heard else None
        return (Spending(self._claim.claim_id, self._granted, sent, self._claim.environment_id),)

    def knocked(self, *, password_left: bool) -> Sequence[Settlement]:
        """What the ledger is told: what was seen, and the worst of what was begun and never heard of."""
        if not self._visits:
            return ()
        seen = [each for report in self._heard for each in seen_in(report, self._visitor, self._user_known)]
        seen += [each for visit in self._under_way for each in visit.at_worst(password_left=password_left)]
        return (Settlement(self._claim.claim_id, self._visitor, seen, self._began_at),)

    def _sent(self) -> Counter[str]:
        # An edge's large requests go to the same address and port by another transport (RFC 3261 §18.1.1).
        places = (
            (step.edge or "").rpartition("/")[0]
            for report in self._heard
            for step in report.trace
            if step.direction is Direction.SENT
        )
        return Counter(self._addresses[place] for place in places if place in self._addresses)
