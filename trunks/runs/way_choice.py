"""A trunk's way by what was found at its destination, and the sides that are to be written for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.target import Target
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.form_proofs import FormProofs
from trunks.repositories.infrastructure_checks import InfrastructureChecks
from trunks.repositories.outbound_ways import KeptWay, OutboundWays
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import Flips
from trunks.rules.outbound_way import choose_way
from trunks.rules.profile import PLAIN
from trunks.rules.trunk_state import Cause
from trunks.rules.way_evidence import OutboundWay, WayFinding, WayForm
from trunks.rules.way_of_report import evidence_from
from trunks.runs.result_rules import WayRules


@dataclass(frozen=True, slots=True)
class LedTrunk:
    """A trunk as it is configured now, with what was found at its first gateway's destination."""

    trunk: Trunk
    target: Target
    destination_id: UUID
    found: WayFinding


class WayChoice:
    """Works inside a transaction of its caller, under the trunks' locks."""

    def __init__(self, session: Session, rules: WayRules) -> None:
        self._session = session
        self._rules = rules

    def write(self, led: Collection[LedTrunk], now: datetime) -> None:
        """Choose, keep, and ask for the sides of those that are led otherwise now."""
        rows = OutboundWays(self._session)
        trunk_ids = [each.trunk.id for each in led]
        before = rows.of(trunk_ids)
        profiles = TrunkProfiles(self._session).of_all(trunk_ids)
        known = FormProofs(self._session).of({each.destination_id for each in led})
        facts = InfrastructureChecks(self._session).facts(self._rules.provisioner)
        after: dict[UUID, KeptWay] = {}
        for each in led:
            proofs, refusals = known[each.destination_id]
            evidence = replace(
                self._rules.judge(evidence_from(each.found, each.target)),
                proofs=frozenset(proofs),
                refusals=tuple(refusals),
                fixed_egress=profiles.get(each.trunk.id, PLAIN).fixed_egress,
                obeys_route=not facts.ignores_route,
                has_credentials=each.trunk.sealed_password is not None,
                current=_in_use(before.get(each.trunk.id), each.trunk),
            )
            way = choose_way(evidence)
            after[each.trunk.id] = KeptWay(way, each.trunk.generation, each.destination_id, now)
        rows.keep(after)
        self._session.flush()
        self._ask_for_sides(before, after, now)

    def _ask_for_sides(
        self, before: Mapping[UUID, KeptWay], after: Mapping[UUID, KeptWay], now: datetime
    ) -> None:
        requests = ProvisionRequests(self._session, self._rules.provisioner)
        for trunk_id in sorted(after):
            if _leads(before.get(trunk_id), after[trunk_id]) != _leads(after[trunk_id], after[trunk_id]):
                requests.lead_anew(trunk_id, now)
            moved = _moved(before.get(trunk_id), after[trunk_id])
            if moved is not None:
                generation = {trunk_id: after[trunk_id].generation}
                Flips(self._session).record(generation, Cause.PROVISIONING, {"outbound_edge": moved}, now)


def _in_use(kept: KeptWay | None, trunk: Trunk) -> str | None:
    if kept is None or kept.generation != trunk.generation or kept.way.edge is None:
        return None
    return kept.way.edge.name


def _moved(kept: KeptWay | None, new: KeptWay) -> list[str] | None:
    """Name the edges that calls left by and leave by now, where they are others, of one configuration."""
    if kept is None or (kept.generation, kept.destination_id) != (new.generation, new.destination_id):
        return None
    if kept.way.edge is None or new.way.edge is None or kept.way.edge.name == new.way.edge.name:
        return None
    return [kept.way.edge.name, new.way.edge.name]


def _leads(kept: KeptWay | None, of: KeptWay) -> tuple[object, ...] | None:
    """What a side is written from; None where the way is of another configuration than `of`."""
    if kept is None or (kept.generation, kept.destination_id) != (of.generation, of.destination_id):
        return None
    way: OutboundWay = kept.way
    edge = None if way.edge is None else (way.edge.port, way.edge.transport)
    # A parked side is told with its reason.
    return way.form, way.host, edge, way.reason if way.form is WayForm.PARKED else None
