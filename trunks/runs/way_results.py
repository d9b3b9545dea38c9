"""What runs say of the ways of their trunks' calls (docs/design/infrastructure.md, "The way of calls")."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.report.model import Report
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.outbound_ways import KeptWay, OutboundWays
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.rules.health import liveness_of
from trunks.rules.outbound_way import choose_way
from trunks.rules.profile import PLAIN
from trunks.rules.way_evidence import Dialled, OutboundWay, WayForm
from trunks.rules.way_of_report import evidence_of
from trunks.runs.claimed_run import ClaimedRun
from trunks.runs.result_rules import WayRules


@dataclass(frozen=True, slots=True)
class _Found:
    claim: ClaimedRun
    report: Report
    dialled: Dialled | None


class WayResults:
    """Works inside a transaction of its caller, under the trunks' locks: takes reports, and writes when told to."""

    def __init__(self, session: Session, rules: WayRules | None) -> None:
        self._session = session
        self._rules = rules
        self._found: dict[UUID, _Found] = {}

    def take(self, trunk: Trunk, claim: ClaimedRun, report: Report, dialled: Dialled | None) -> None:
        """Take a report of the first gateway, of the trunk's current generation; only what lives says anything."""
        if self._rules is not None and not trunk.is_draft and liveness_of(report):
            self._found[trunk.id] = _Found(claim, report, dialled)

    def write(self, now: datetime) -> None:
        """Keep the ways, and ask for the sides of those that others are."""
        if self._rules is None or not self._found:
            return
        rows = OutboundWays(self._session)
        before = rows.of(self._found.keys())
        profiles = TrunkProfiles(self._session).of_all(list(self._found))
        after = {
            trunk_id: self._choose(
                self._rules,
                found,
                before.get(trunk_id),
                now,
                fixed_egress=profiles.get(trunk_id, PLAIN).fixed_egress,
            )
            for trunk_id, found in self._found.items()
        }
        rows.keep(after)
        self._session.flush()
        requests = ProvisionRequests(self._session, self._rules.provisioner)
        for trunk_id in sorted(after):
            if _leads(before.get(trunk_id), after[trunk_id]) != _leads(after[trunk_id], after[trunk_id]):
                requests.lead_anew(trunk_id, now)

    def _choose(
        self, rules: WayRules, found: _Found, before: KeptWay | None, now: datetime, *, fixed_egress: bool
    ) -> KeptWay:
        claim = found.claim
        evidence = evidence_of(
            found.report,
            claim.first.target(),
            dialled=found.dialled,
            fixed_egress=fixed_egress,
            tls_names=rules.tls_names,
        )
        in_use = None if before is None or before.generation != claim.generation else before.way.edge
        if in_use is not None:
            evidence = replace(evidence, current=in_use.name)
        return KeptWay(choose_way(evidence), claim.generation, claim.first.destination_id, now)


def _leads(kept: KeptWay | None, of: KeptWay) -> tuple[object, ...] | None:
    """What a side is written from; None where the way is of another configuration than `of`."""
    if kept is None or (kept.generation, kept.destination_id) != (of.generation, of.destination_id):
        return None
    way: OutboundWay = kept.way
    edge = None if way.edge is None else (way.edge.port, way.edge.transport)
    # A parked side is told with its reason.
    return way.form, way.host, edge, way.reason if way.form is WayForm.PARKED else None
