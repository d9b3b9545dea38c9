"""Which destinations lost an edge that calls go by, though another answers: they count for the breaker too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sipcheck.target import parse_host_port
from trunks.health.check import CheckResult
from trunks.repositories.outbound_ways import EdgesInUse, OutboundWays
from trunks.repositories.way_findings import WayFindings
from trunks.rules.edge_watch import newly_silent
from trunks.store.database import Database


@dataclass(frozen=True, slots=True)
class EdgeFalls:
    """Nobody's calls are led, and no edge is in use, where nothing `leads` them."""

    database: Database
    leads: bool

    def of(self, results: Sequence[CheckResult]) -> Mapping[UUID, str]:
        """Give the destinations where an edge in use falls with these, each with that edge's address.

        A destination with forty edges is one, however many of them fall.
        """
        partly = {each.claim.destination_id: each.silent_edges for each in results if each.is_partly_silent}
        if not self.leads or not partly:
            return {}
        with self.database.read() as session:
            known = WayFindings(session).watched(partly.keys())
            fallen = {
                destination_id: names
                for destination_id, each in known.items()
                if (names := newly_silent(each.watch, partly[destination_id], each.living()))
            }
            in_use = OutboundWays(session).in_use(fallen.keys())
        return {
            destination_id: address
            for destination_id, names in fallen.items()
            if (address := _first_in_use(names, in_use.get(destination_id))) is not None
        }


def _first_in_use(names: frozenset[str], in_use: EdgesInUse | None) -> str | None:
    found = next((name for name in sorted(names) if in_use is not None and name in in_use), None)
    return None if found is None else parse_host_port(found.partition("/")[0]).host
