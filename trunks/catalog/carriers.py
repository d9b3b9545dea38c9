"""Where a tenant's trunks lead, and how it is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sipcheck.reasons import Reason
from sipcheck.target import TransportName
from trunks.models.destination import Destination
from trunks.models.destination_health import DestinationHealth
from trunks.repositories.carriers import Carriers
from trunks.repositories.liveness import LivenessRows
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller

# A page has fifty of them, and each is counted row by row.
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierView:
    """`trunks` are the tenant's own, counted to MOST_COUNTED; `alive` is None where nobody asked yet."""

    id: UUID
    domain: str
    port: int | None
    transport: TransportName | None
    outbound_proxy: str | None
    trunks: int
    alive: bool | None
    reason: Reason | None
    latency_ms: float | None
    checked_at: datetime | None
    fell_at: datetime | None
    certificate_expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class CarrierList:
    database: Database

    def page(
        self, caller: Caller, *, limit: int, after: tuple[str, UUID] | None = None
    ) -> Sequence[CarrierView]:
        """List them by their domains, from the one behind `after` on."""
        with self.database.read() as session:
            carriers = Carriers(session)
            found = carriers.page(caller.environment_id, limit=limit, after=after)
            ids = {each.id for each in found}
            health = LivenessRows(session).all_of(ids)
            counted = carriers.trunks_at(caller.environment_id, ids, most=MOST_COUNTED)
            return [_view(each, health.get(each.id), counted[each.id]) for each in found]


def _view(destination: Destination, health: DestinationHealth | None, trunks: int) -> CarrierView:
    return CarrierView(
        id=destination.id,
        domain=destination.domain,
        port=destination.port,
        transport=destination.transport,
        outbound_proxy=destination.outbound_proxy,
        trunks=trunks,
        alive=None if health is None else health.alive,
        reason=None if health is None else health.reason,
        latency_ms=None if health is None else health.latency_ms,
        checked_at=None if health is None else health.checked_at,
        fell_at=None if health is None else health.fell_at,
        certificate_expires_at=None if health is None else health.certificate_expires_at,
    )
