"""What is shown and told of certificates where a carrier has several edges, and each run sees some of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from sipcheck.reasons import WarningCode
from sipcheck.report.model import Certificate, Report, ReportWarning
from tests.trunks.forms import STARTED, Store, make_report, with_edge
from tests.trunks.health_watch import HealthWatch
from tests.trunks.people.test_messages import Post
from trunks.models.destination_health import DestinationHealth
from trunks.models.way_finding import WayFindingRow
from trunks.repositories.watched_finding import write_watch
from trunks.repositories.way_findings import WayFindings
from trunks.rules.edge_watch import EdgeWatch, WatchedEdge
from trunks.rules.events import EventType

on_sqlite = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

# The last number of an edge's address, and the days that its certificate has from the beginning on; None where the run
# did not ask it.
Seen = Mapping[int, int | None]

A_AND_B: Seen = {1: 90, 2: 10}
A_ALONE: Seen = {1: 90, 2: None}
B_ALONE: Seen = {1: None, 2: 10}


def saw(seen: Seen, *, is_whole: bool = True) -> Report:
    report = with_edge(make_report(), 200)
    (edge,) = report.edges
    edges = [
        replace(edge, address=f"192.0.2.{last}", certificate=None if days is None else ending(days))
        for last, days in seen.items()
    ]
    partial = () if is_whole else (ReportWarning(WarningCode.DNS_PARTIAL, "there are more", None),)
    return replace(report, edges=tuple(edges), warnings=partial)


def ending(days: float) -> Certificate:
    return Certificate(
        subject="sip.carrier.example",
        issuer="A Root",
        names=("sip.carrier.example",),
        not_after=STARTED + timedelta(days=days),
        days_left=20,
        tls_version="TLSv1.3",
        cipher=None,
        verified=True,
        error=None,
    )


def days_of(at: datetime | None) -> int | None:
    return None if at is None else (at - STARTED).days


class Days:
    """A trunk's days: a run of each, and what is shown and told of certificates after it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.post = Post(store, [EventType.CERTIFICATE_EXPIRING])
        self.watch = HealthWatch(store)
        self.trunk = self.watch.verified()
        self.destination_id = self.watch.destination_of(self.trunk)

    def run(self, seen: Seen, **given: Any) -> tuple[int | None, int]:
        """Let a run see this; give the end that is shown, in days from the beginning, and how often was told."""
        self.watch.verify(self.trunk, saw(seen, **given))
        while self.post.people.certificate_notices.turn():
            pass
        view = self.store.installation.catalog.views.get(self.store.caller, self.trunk.id)
        return days_of(view.certificate_expires_at), self.told()

    def told(self) -> int:
        return sum(body["data"]["trunk_id"] == str(self.trunk.id) for body in self.post.bodies())

    def each_day(self, days: Sequence[Seen]) -> list[tuple[int | None, int]]:
        found = []
        for seen in days:
            found.append(self.run(seen))
            self.store.clock.advance(86_400)
        return found

    def checks_say(self, **edges: WatchedEdge) -> None:
        """Write what checks say of edges, by the last numbers of their addresses."""
        watch = EdgeWatch({f"192.0.2.{each[1:]}:5061/tls": of for each, of in edges.items()})
        with self.store.installation.database.write() as session:
            WayFindings(session).begin([self.destination_id], self.store.clock())
            session.execute(
                update(WayFindingRow)
                .where(WayFindingRow.destination_id == self.destination_id)
                .values(watch=write_watch(watch))
            )


@pytest.mark.parametrize(
    ("days", "found"),
    [
        # Each run asks another of two edges: the first end stays, and each notice is given once (14, 7, 1).
        ([A_AND_B, *([A_ALONE, B_ALONE] * 5)], [(10, 1)] * 3 + [(10, 2)] * 6 + [(10, 3)] * 2),
        ([A_ALONE, B_ALONE, A_ALONE, B_ALONE], [(90, 0), (10, 1), (10, 1), (10, 2)]),
        # Nothing seen leaves what is known.
        ([A_AND_B, {1: None, 2: None}, A_ALONE], [(10, 1)] * 3),
        # Renewed at the edge that it was seen at, and not by what another shows.
        ([A_AND_B, A_ALONE, {1: None, 2: 100}, A_ALONE], [(10, 1), (10, 1), (90, 1), (90, 1)]),
        ([A_AND_B, {1: 95, 2: None}, {1: 95, 2: 12}], [(10, 1), (10, 1), (12, 1)]),
        # An edge that shows two by turns is told once of each end.
        ([{1: 10}, {1: 90}] * 3, [(10, 1), (90, 1), (10, 1), (90, 1), (10, 2), (90, 2)]),
        # DNS names an edge no more, which no check watches: for three days it may be a carrier that rotates.
        ([A_AND_B, {1: 90}, {1: 90}, {1: 90}, {1: 90}], [(10, 1)] * 3 + [(90, 1)] * 2),
        ([A_AND_B, *([{1: 90}, {2: 10}] * 2)], [(10, 1)] * 3 + [(10, 2)] * 2),
        # An edge that no run asks any more may have renewed unseen.
        ([{1: 90, 2: 40}, *([A_ALONE] * 14)], [(40, 0)] * 10 + [(40, 1)] * 4 + [(90, 1)]),
    ],
)
def test_the_first_end_of_the_edges_that_are_named_is_shown_and_told_once(
    store: Store, days: Sequence[Seen], found: Sequence[tuple[int | None, int]]
) -> None:
    assert Days(store).each_day(days) == found


@on_sqlite
def test_a_certificate_is_of_the_edge_as_health_checks_see_it(store: Store) -> None:
    """One that they see withdrawn is gone at once; one that they see named stays, however seldom a run names it."""
    days = Days(store)
    assert days.run(A_AND_B) == (10, 1)
    days.checks_say(e1=WatchedEdge(), e2=WatchedEdge(absences=1, absent_since=STARTED))
    store.clock.advance(4 * 86_400)
    assert days.run({1: 90})[0] == 10
    days.checks_say(e1=WatchedEdge(), e2=WatchedEdge(absences=3, absent_since=STARTED, withdrawn=True))
    # DNS that left something open takes nothing away.
    assert days.run({1: 90}, is_whole=False)[0] == 10
    assert days.run({1: 90})[0] == 90


@on_sqlite
def test_every_tenant_hears_once_whoever_asks_one_edge_alone(store: Store) -> None:
    ours, theirs = Days(store), Days(Store(store.installation, store.clock, tenant="other"))
    for day in range(4):
        for each, seen in ((ours, A_AND_B), (theirs, (A_ALONE, B_ALONE)[day % 2])):
            each.run(seen)
        assert (ours.told(), theirs.told()) == ((1, 1) if day < 3 else (2, 2))
        store.clock.advance(86_400)


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        ([A_ALONE, A_ALONE], [(10, 0), (10, 0)]),
        ([B_ALONE, A_ALONE], [(10, 0), (10, 0)]),
        ([A_ALONE, {1: 90, 2: 80}], [(10, 0), (80, 0)]),
        ([{1: 90}], [(90, 0)]),
        ([A_ALONE] * 4, [(10, 0)] * 3 + [(90, 0)]),
    ],
)
def test_an_end_that_a_former_version_kept_stays_until_it_is_known_whose_it_is(
    store: Store, seen: Sequence[Seen], found: Sequence[tuple[int | None, int]]
) -> None:
    """And the notice that it gave is not given again."""
    days = Days(store)
    with store.installation.database.write() as session:
        session.execute(
            update(DestinationHealth)
            .where(DestinationHealth.destination_id == days.destination_id)
            .values(
                certificate_expires_at=STARTED + timedelta(days=10),
                certificate_told_days=14,
                certificate_ends=None,
            )
        )
    assert days.each_day(seen) == found


@on_sqlite
def test_after_a_year_of_other_edges_each_day_few_are_kept(store: Store) -> None:
    days = Days(store)
    for day in range(365):
        shown, _ = days.run({2 + day % 200: day + 20, 1: 400, 255: None})
        assert shown is not None
        assert shown >= day + 17
        store.clock.advance(86_400)
    with store.installation.database.read() as session:
        kept = session.query(DestinationHealth.certificate_ends).scalar()
    assert kept is not None
    assert len(kept["edges"]) <= 4
    assert len(kept["told"]) <= 16
