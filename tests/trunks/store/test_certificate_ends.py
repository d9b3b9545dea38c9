"""When certificates end, by the store of either engine: the span each is counted in, and the notice that has come."""

from datetime import timedelta

from sqlalchemy import update

from tests.trunks.forms import Store
from tests.trunks.health_watch import HealthWatch
from trunks.models.destination_health import DestinationHealth
from trunks.repositories.certificate_ends import CertificateEnds

# Days left, the notice that has come last, the span that is counted.
ROWS = [
    (30.01, None, "more"),
    (30, 30, "30"),
    (14.01, 30, "30"),
    (14, 14, "14"),
    (7, 7, "7"),
    (1.5, 7, "7"),
    (1, 1, "1"),
    (0, 1, "expired"),
    (-20, 1, "expired"),
]


def test_spans_and_notices(store: Store) -> None:
    watch, now = HealthWatch(store), store.clock.now
    ends = {}
    for number, (days, *_) in enumerate(ROWS):
        trunk = watch.verified(name=str(number), domain=f"{number}.example")
        ends[trunk.gateways[0].destination_id] = now + timedelta(days=days)
    watch.verified(name="Without", domain="without.example")
    with store.installation.database.write() as session:
        for each, at in ends.items():
            session.execute(
                update(DestinationHealth)
                .where(DestinationHealth.destination_id == each)
                .values(certificate_expires_at=at)
            )
    with store.installation.database.read() as session:
        found = CertificateEnds(session)
        assert found.of(ends) == ends
        assert found.by_span(now) == {"expired": 2, "1": 1, "7": 2, "14": 1, "30": 2, "more": 1}
        told = {row.destination_id: days for row, days in found.changed(now, limit=100)}
    expected = zip(ends, (notice for _, notice, _ in ROWS), strict=True)
    assert told == {each: notice for each, notice in expected if notice is not None}
