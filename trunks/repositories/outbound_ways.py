"""The ways of trunks' calls, one for each trunk that has been verified."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from sipcheck.target import edge_name
from trunks.models.outbound_way import OutboundWayRow
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among
from trunks.repositories.insert_or import insert_or_update
from trunks.repositories.repository import Repository
from trunks.rules.way_evidence import OutboundWay, WayEdge, WayForm

_COLUMNS = (
    "destination_id",
    "generation",
    "form",
    "host",
    "address",
    "port",
    "transport",
    "proof",
    "can_call",
    "reason",
    "proven_at",
)
_LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class KeptWay:
    """A way with what it belongs to: a generation, and the destination of one of its gateways. `at` is when the report
    that found it so ended.
    """

    way: OutboundWay
    generation: int
    destination_id: UUID
    at: datetime

    def now(self, trunk: Trunk) -> OutboundWay | None:
        """Give the way, where it was found for the trunk as it is configured now."""
        return None if self.gateway_of(trunk) is None else self.way

    def gateway_of(self, trunk: Trunk) -> Gateway | None:
        """Give the gateway that it leads to; None where the trunk is configured otherwise now."""
        if self.generation != trunk.generation:
            return None
        there = (each for each in trunk.gateways if each.destination_id == self.destination_id)
        return next(there, None)


@dataclass(frozen=True, slots=True)
class EdgesInUse:
    """Those that calls to a destination go to: by their names; with any address at these endings, where they go by the
    destination's own name.
    """

    names: frozenset[str]
    endings: tuple[str, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.names or name.endswith(self.endings)


def gateway_in_use(trunk: Trunk, kept: KeptWay | None) -> Gateway:
    """Give the gateway that calls leave by: the first, unless their way leads to another."""
    found = None if kept is None else kept.gateway_of(trunk)
    return found or trunk.gateways[0]


class OutboundWays(Repository):
    """Rows are written under their trunks' locks."""

    def of(self, trunk_ids: Collection[UUID]) -> Mapping[UUID, KeptWay]:
        """Find those of these trunks that have one, whatever they are of."""
        if not trunk_ids:
            return {}
        rows = self._session.scalars(
            select(OutboundWayRow).where(among(self._session, OutboundWayRow.trunk_id, trunk_ids))
        )
        return {row.trunk_id: read_way(row) for row in rows}

    def led_to(self, destination_id: UUID, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        """List the trunks with a gateway that leads to a destination, in the order of their ids."""
        query = select(Gateway.trunk_id).distinct().where(Gateway.destination_id == destination_id)
        if after is not None:
            query = query.where(Gateway.trunk_id > after)
        return self._session.scalars(query.order_by(Gateway.trunk_id).limit(limit)).all()

    def in_use(self, destination_ids: Collection[UUID]) -> Mapping[UUID, EdgesInUse]:
        """Say which edges the calls of switched-on trunks go to at these destinations, where they go to any."""
        if not destination_ids:
            return {}
        edge = (OutboundWayRow.form, OutboundWayRow.address, OutboundWayRow.port, OutboundWayRow.transport)
        rows = self._session.execute(
            select(Gateway.destination_id, *edge)
            # By the gateway, which has an index.
            .join(Trunk, Trunk.id == Gateway.trunk_id)
            .join(OutboundWayRow, OutboundWayRow.trunk_id == Trunk.id)
            .where(
                among(self._session, Gateway.destination_id, destination_ids),
                Trunk.wanted,
                OutboundWayRow.destination_id == Gateway.destination_id,
                OutboundWayRow.generation == Trunk.generation,
                OutboundWayRow.address.is_not(None),
            )
            .distinct()
        )
        found: dict[UUID, list[tuple[WayForm, str]]] = defaultdict(list)
        for destination_id, form, address, port, transport in rows:
            if address is not None and port is not None and transport is not None:
                found[destination_id].append((form, edge_name(address, port, transport)))
        return {destination_id: _edges_in_use(ways) for destination_id, ways in found.items()}

    def keep(self, ways: Mapping[UUID, KeptWay]) -> None:
        """Set the ways of these trunks."""
        if ways:
            insert_or_update(
                self._session,
                OutboundWayRow,
                *(_values(trunk_id, kept) for trunk_id, kept in sorted(ways.items())),
                unique=["trunk_id"],
                changed=_COLUMNS,
            )

    def carry(self, trunk_id: UUID, former: int, *, to: int) -> None:
        """Let a way of a former generation stand in another, whose configuration is the same."""
        self._session.execute(
            update(OutboundWayRow)
            .where(OutboundWayRow.trunk_id == trunk_id, OutboundWayRow.generation == former)
            .values(generation=to)
            .execution_options(synchronize_session=False)
        )


def _edges_in_use(ways: Collection[tuple[WayForm, str]]) -> EdgesInUse:
    by_name = (name for form, name in ways if form is WayForm.AS_GIVEN)
    return EdgesInUse(
        frozenset(name for _, name in ways),
        tuple(sorted({f":{name.rpartition(':')[2]}" for name in by_name})),
    )


def read_way(row: OutboundWayRow) -> KeptWay:
    """Read a row as the rules know it; the name that led to the edge is the report's to say."""
    edge = None
    if row.address is not None and row.port is not None and row.transport is not None:
        edge = WayEdge(host=row.address, address=row.address, port=row.port, transport=row.transport)
    way = OutboundWay(
        form=row.form, host=row.host, edge=edge, proof=row.proof, callable=row.can_call, reason=row.reason
    )
    return KeptWay(way, row.generation, row.destination_id, row.proven_at)


def _values(trunk_id: UUID, kept: KeptWay) -> dict[str, Any]:
    way = kept.way
    edge = way.edge
    return {
        "trunk_id": trunk_id,
        "destination_id": kept.destination_id,
        "generation": kept.generation,
        "form": way.form,
        "host": way.host,
        "address": None if edge is None else edge.address,
        "port": None if edge is None else edge.port,
        "transport": None if edge is None else edge.transport,
        "proof": way.proof,
        "can_call": way.callable,
        "reason": way.reason[:_LONGEST_REASON],
        "proven_at": kept.at,
    }
