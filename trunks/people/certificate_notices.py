"""Notices of certificates that end, 30, 14, 7 and 1 days before."""

from dataclasses import dataclass

from trunks.clock import Clock
from trunks.models.destination_health import DestinationHealth
from trunks.models.trunk import Trunk
from trunks.repositories.certificate_ends import CertificateEnds
from trunks.repositories.outbox import Announcement, Outbox, state_told
from trunks.rules.events import EventFacts, EventType
from trunks.store.database import Database

_DESTINATIONS_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class CertificateNotices:
    database: Database
    clock: Clock

    def turn(self) -> int:
        """Announce what has come; give the number of destinations that were looked at. Raises StoreUnavailable."""
        with self.database.write() as session:
            now = self.clock()
            ends = CertificateEnds(session)
            changed = ends.changed(now, limit=_DESTINATIONS_AT_ONCE)
            if not changed:
                return 0
            due = {row.destination_id: row for row, days in changed if ends.is_new(row, days, now)}
            trunks = ends.trunks(due)
            outbox = Outbox(session, {each.environment_id for of in trunks.values() for each in of}, now)
            for destination_id, of in trunks.items():
                for trunk in of:
                    outbox.announce(trunk, _ending(trunk, due[destination_id], self.clock))
            outbox.write()
            ends.told([row.destination_id for row, _ in changed], now)
            return len(changed)


def _ending(trunk: Trunk, row: DestinationHealth, clock: Clock) -> Announcement:
    facts = EventFacts(trunk_id=trunk.id, name=trunk.name, certificate_expires_at=row.certificate_expires_at)
    return Announcement(EventType.CERTIFICATE_EXPIRING, clock(), facts, state_told(trunk))
