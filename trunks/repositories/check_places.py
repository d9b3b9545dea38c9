"""Where destinations are seen when they are asked: their Request-URI hosts at the addresses that they led to last."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from trunks.models.destination import Destination
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Gateway, Trunk
from trunks.repositories.among import among
from trunks.repositories.liveness import Found
from trunks.repositories.repository import Repository


class CheckPlaces(Repository):
    def claimed_since(self, moment: datetime, domains: Collection[str]) -> Sequence[Found]:
        """List what was asked with one of these Request-URI hosts since then."""
        return self._session.execute(
            select(
                DestinationHealth.domain,
                DestinationHealth.edge_addresses,
                DestinationHealth.claimed_at,
                Destination.outbound_proxy,
            )
            .join(Destination, Destination.id == DestinationHealth.destination_id)
            .where(
                among(self._session, DestinationHealth.domain, domains),
                DestinationHealth.claimed_at > moment,
            )
        ).all()

    def environments_at(
        self, places: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], dict[UUID, set[UUID]]]:
        """Whose the scheduled destinations are at each of these places, a Request-URI host and edge addresses."""
        health = DestinationHealth
        rows = self._session.execute(
            select(health.domain, health.edge_addresses, health.destination_id, Trunk.environment_id)
            .join(Gateway, Gateway.destination_id == health.destination_id)
            .join(Trunk, Trunk.id == Gateway.trunk_id)
            .where(
                among(self._session, health.domain, {host for host, _ in places}),
                health.edge_addresses.in_({addresses for _, addresses in places}),
                health.next_check_at.is_not(None),
                Trunk.is_draft.is_(False),
            )
            .distinct()
        )
        found: dict[tuple[str, str], dict[UUID, set[UUID]]] = {place: {} for place in places}
        for host, addresses, destination_id, environment_id in rows:
            if addresses is not None and (host, addresses) in found:
                found[host, addresses].setdefault(destination_id, set()).add(environment_id)
        return found
