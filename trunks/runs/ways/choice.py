"""A trunk's way by what was found at its gateways' destinations, and the sides that are to be written for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.target import HostPort
from trunks.models.provision import ProvisionOccasion
from trunks.models.trunk import Trunk
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.form_proofs import FormProofs
from trunks.repositories.infrastructure_checks import InfrastructureChecks
from trunks.repositories.outbound_ways import KeptWay, OutboundWays
from trunks.repositories.trunk_profiles import TrunkProfiles
from trunks.repositories.trunks import Flips
from trunks.repositories.way_findings import WayFindings
from trunks.rules.gateway_choice import choose_gateway
from trunks.rules.profile import PLAIN
from trunks.rules.trunk_state import Cause
from trunks.rules.way_evidence import FormProof, FormRefusal, OutboundWay, WayEvidence, WayFinding, WayForm
from trunks.rules.way_of_report import evidence_from
from trunks.runs.claimed_run import ClaimedGateway
from trunks.runs.result_rules import WayRules


@dataclass(frozen=True, slots=True)
class LedTrunk:
    """A trunk as it is configured now, with those of its gateways that its calls may leave by, by priority."""

    trunk: Trunk
    gateways: Sequence[ClaimedGateway]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of destinations, and of the infrastructure."""

    found: Mapping[UUID, WayFinding]
    forms: Mapping[UUID, tuple[Collection[FormProof], Collection[FormRefusal]]]
    obeys_route: bool


class WayChoice:
    """Works inside a transaction of its caller, under the trunks' locks; `occasion` is why."""

    def __init__(self, session: Session, rules: WayRules, occasion: ProvisionOccasion) -> None:
        self._session = session
        self._rules = rules
        self._occasion = occasion

    def write(self, led: Collection[LedTrunk], now: datetime) -> None:
        """Choose, keep, and ask for the sides of those that are led otherwise now."""
        rows = OutboundWays(self._session)
        trunk_ids = [each.trunk.id for each in led]
        before = rows.of(trunk_ids)
        profiles = TrunkProfiles(self._session).of_all(trunk_ids)
        known = self._known({gateway.destination_id for each in led for gateway in each.gateways})
        after: dict[UUID, KeptWay] = {}
        for each in led:
            kept = before.get(each.trunk.id)
            fixed_egress = profiles.get(each.trunk.id, PLAIN).fixed_egress
            evidence = [
                self._evidence(each.trunk, gateway, kept, known, fixed_egress=fixed_egress)
                for gateway in each.gateways
            ]
            chosen = choose_gateway(
                evidence, _in_use(kept, each), None if kept is None else kept.now(each.trunk)
            )
            if chosen is not None:
                number, way = chosen
                destination_id = each.gateways[number].destination_id
                after[each.trunk.id] = KeptWay(way, each.trunk.generation, destination_id, now)
        rows.keep(after)
        self._session.flush()
        self._ask_for_sides({each.trunk.id: each.trunk for each in led}, before, after, now)

    def _known(self, destination_ids: set[UUID]) -> _Known:
        facts = InfrastructureChecks(self._session).facts(self._rules.provisioner)
        return _Known(
            WayFindings(self._session).of(destination_ids),
            FormProofs(self._session).of(destination_ids),
            obeys_route=not facts.ignores_route,
        )

    def _evidence(
        self,
        trunk: Trunk,
        gateway: ClaimedGateway,
        kept: KeptWay | None,
        known: _Known,
        *,
        fixed_egress: bool,
    ) -> WayEvidence | None:
        found = known.found.get(gateway.destination_id)
        if found is None:
            return None
        proofs, refusals = known.forms[gateway.destination_id]
        return replace(
            self._rules.judge(evidence_from(found, gateway.target())),
            proofs=frozenset(proofs),
            refusals=tuple(refusals),
            fixed_egress=fixed_egress,
            obeys_route=known.obeys_route,
            has_credentials=trunk.sealed_password is not None,
            current=_edge_in_use(kept, trunk),
            lot=str(trunk.id),
        )

    def _ask_for_sides(
        self,
        trunks: Mapping[UUID, Trunk],
        before: Mapping[UUID, KeptWay],
        after: Mapping[UUID, KeptWay],
        now: datetime,
    ) -> None:
        requests = ProvisionRequests(self._session, self._rules.provisioner)
        for trunk_id in sorted(after):
            if _leads(before.get(trunk_id), after[trunk_id]) != _leads(after[trunk_id], after[trunk_id]):
                is_parked = after[trunk_id].way.form is WayForm.PARKED
                guard = ProvisionOccasion.GUARD if is_parked else self._occasion
                requests.lead_anew(trunk_id, now, self._occasion.beside(guard))
            moved = _moved(trunks[trunk_id], before.get(trunk_id), after[trunk_id])
            if moved is not None:
                generation = {trunk_id: after[trunk_id].generation}
                Flips(self._session).record(generation, Cause.PROVISIONING, {"outbound_edge": moved}, now)


def _in_use(kept: KeptWay | None, led: LedTrunk) -> int | None:
    """The gateway that calls leave by now; None where the trunk is configured otherwise since."""
    if kept is None or kept.generation != led.trunk.generation:
        return None
    places = [each.destination_id for each in led.gateways]
    return places.index(kept.destination_id) if kept.destination_id in places else None


def _edge_in_use(kept: KeptWay | None, trunk: Trunk) -> str | None:
    if kept is None or kept.generation != trunk.generation or kept.way.edge is None:
        return None
    return kept.way.edge.name


def _moved(trunk: Trunk, kept: KeptWay | None, new: KeptWay) -> list[str] | None:
    """Name the edges that calls left by and leave by now, where they are others, of one configuration."""
    if kept is None or kept.generation != new.generation:
        return None
    if kept.destination_id == new.destination_id and (kept.way.edge is None or new.way.edge is None):
        return None
    if WayForm.PARKED in (kept.way.form, new.way.form):
        return None
    places = [_place(trunk, kept), _place(trunk, new)]
    return places if places[0] != places[1] else None


def _place(trunk: Trunk, kept: KeptWay) -> str:
    """Name the edge; where calls go by a name, its gateway."""
    if kept.way.edge is not None:
        return kept.way.edge.name
    gateway = kept.gateway_of(trunk) or trunk.gateways[0]
    return str(HostPort(gateway.host, gateway.port))


def _leads(kept: KeptWay | None, of: KeptWay) -> tuple[object, ...] | None:
    """What a side is written from; None where the way is of another configuration than `of`, or of another gateway."""
    if kept is None or (kept.generation, kept.destination_id) != (of.generation, of.destination_id):
        return None
    way: OutboundWay = kept.way
    edge = None if way.edge is None else (way.edge.port, way.edge.transport)
    # A parked side is told with its reason.
    return way.form, way.host, edge, way.reason if way.form is WayForm.PARKED else None
