"""The trunks at a destination are led anew when something else became known of it: a page in each transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.clock import Clock
from trunks.ids import new_id
from trunks.models.provision import ProvisionOccasion
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.outbound_ways import OutboundWays
from trunks.repositories.provisions import Provisions
from trunks.repositories.trunks import Trunks
from trunks.repositories.way_findings import WayFindings
from trunks.runs.claimed_run import claimed_gateways
from trunks.runs.result_rules import WayRules
from trunks.runs.ways.choice import LedTrunk, WayChoice
from trunks.store.database import Database

_TRUNKS_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class WayTurns:
    """Whoever tends works through what is stale; one that is killed in between is followed by the next, from the
    beginning: what was chosen already is chosen alike.
    """

    database: Database
    rules: WayRules | None
    clock: Clock

    def tend(self) -> int:
        """Lead the trunks of stale destinations anew; give how many destinations that were. Raises StoreUnavailable."""
        if self.rules is None:
            return 0
        done = 0
        while self._one(self.rules):
            done += 1
        return done

    def _one(self, rules: WayRules) -> bool:
        with self.database.question() as session:
            if not WayFindings(session).any_stale(self.clock()):
                return False
        claim_id = new_id()
        with self.database.write() as session:
            claimed = WayFindings(session).claim_stale(claim_id, self.clock())
        if claimed is None:
            return False
        destination_id, since = claimed
        after: UUID | None = None
        while True:
            with self.database.write() as session:
                if not WayFindings(session).renew(destination_id, claim_id, self.clock()):
                    return True
                page = OutboundWays(session).led_to(destination_id, after=after, limit=_TRUNKS_A_PAGE)
                self._lead(session, rules, destination_id, page)
                if len(page) < _TRUNKS_A_PAGE:
                    WayFindings(session).end(destination_id, claim_id, since)
                    return True
            after = page[-1]

    def _lead(
        self, session: Session, rules: WayRules, destination_id: UUID, trunk_ids: Sequence[UUID]
    ) -> None:
        trunks = Trunks(session).locked_among(trunk_ids, skip_locked=False)
        ways = OutboundWays(session).of(trunk_ids)
        parked = Provisions(session).parked_among(trunk_ids)
        found = WayFindings(session).of([destination_id])[destination_id]
        led = []
        requests = ProvisionRequests(session, rules.provisioner)
        for trunk_id, trunk in sorted(trunks.items()):
            gateways = claimed_gateways(trunk, trunk.gateways)
            way = ways.get(trunk_id)
            # One that was edited since is verified as it is now, and says so itself.
            if way is not None and way.now(trunk) is not None:
                led.append(LedTrunk(trunk, gateways))
            elif gateways[0].destination_id != destination_id:
                continue
            elif found.is_astray:
                led.append(LedTrunk(trunk, gateways[:1]))
            elif trunk_id in parked:
                # It was made while its name was under suspicion.
                requests.lead_anew(trunk_id, self.clock())
        WayChoice(session, rules, ProvisionOccasion.MOVE).write(led, self.clock())
