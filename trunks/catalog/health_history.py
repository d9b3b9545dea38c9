"""A trunk's health over hours and days, from the counts that are kept of its destinations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trunks.models.trunk import Trunk
from trunks.repositories.health_spans import HealthSpans
from trunks.repositories.trunks import Trunks
from trunks.rules.health_history import HistoryPoint, HistoryStep, beginning_of, history
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller


@dataclass(frozen=True, slots=True)
class HealthHistory:
    database: Database

    def of(
        self,
        caller: Caller,
        trunk_id: UUID,
        step: HistoryStep,
        *,
        since: datetime,
        until: datetime,
    ) -> Sequence[HistoryPoint]:
        """Give hours or days, oldest first, from the one that `since` lies in to the last that began before `until`.

        Raises TrunkNotFound.
        """
        since = beginning_of(step, since)
        with self.database.read() as session:
            trunk = Trunks(session).get(caller.environment_id, trunk_id)
            begun = _begun(trunk, since)
            spans = HealthSpans(session)
            found = list(spans.hours(begun, until))
            if step is HistoryStep.DAY:
                found += spans.days({each: beginning_of(step, at) for each, at in begun.items()}, until)
        return history(found, step)


def _begun(trunk: Trunk, since: datetime) -> Mapping[UUID, datetime]:
    """From when on each destination's checks are shown: what was checked for others before is not this trunk's."""
    begun: dict[UUID, datetime] = {}
    for gateway in trunk.gateways:
        led_since = beginning_of(HistoryStep.HOUR, gateway.led_since or trunk.created_at)
        first = max(since, led_since)
        begun[gateway.destination_id] = min(first, begun.get(gateway.destination_id, first))
    return begun
