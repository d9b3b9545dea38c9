"""What a verification says of its destination: whether it lives, and that health checks begin."""

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.reasons import Outcome, WarningCode
from sipcheck.report.model import Report
from trunks.models.trunk import Trunk
from trunks.repositories.certificate_ends import CertificateEnds
from trunks.repositories.liveness import LivenessRows
from trunks.repositories.way_findings import WayFindings
from trunks.rules.certificate_book import after_report, shown_ends, write_book
from trunks.rules.destination_facts import facts_of_report
from trunks.rules.edge_watch import EdgeWatch
from trunks.rules.health import is_living_edge, liveness_of
from trunks.rules.intervals import HealthIntervals, jittered


class VerificationLiveness:
    """Works inside a transaction of its caller: takes what changes, and writes it when it is told to.

    Rows are locked in the order of their destinations, after those of trunks.
    """

    def __init__(self, session: Session, pace: HealthIntervals) -> None:
        self._rows = LivenessRows(session)
        self._certificates = CertificateEnds(session)
        self._ways = WayFindings(session)
        self._pace = pace
        self._firsts: dict[UUID, tuple[float, datetime]] = {}
        self._changes: dict[UUID, dict[str, object]] = {}
        self._soon: set[UUID] = set()
        self._certified: dict[UUID, list[Report]] = {}

    def record(
        self,
        trunk: Trunk,
        destination_id: UUID,
        report: Report,
        now: datetime,
        *,
        leads_to: Collection[UUID],
    ) -> None:
        """Take a report of the trunk's current generation as the latest result of its destination, one of those to
        which it leads.
        """
        alive = liveness_of(report)
        if alive is None:
            return
        if alive:
            trunk.living_generation = trunk.generation
            self.take_up(trunk, leads_to, now)
        change = self._changes.setdefault(destination_id, {"destination_id": destination_id})
        change |= _result(report, now, alive=alive)
        if alive and report.outcome in (Outcome.VERIFIED, Outcome.REACHABLE):
            ignored = any(warning.code is WarningCode.OPTIONS_IGNORED for warning in report.warnings)
            change |= {
                "options_ignored": ignored,
                "answered_at": now,
                "good": facts_of_report(report).kept(),
            }
        if any(edge.certificate is not None for edge in report.edges):
            self._certified.setdefault(destination_id, []).append(report)
        if not alive and trunk.living_generation == trunk.generation:
            self._soon.add(destination_id)

    def take_up(self, trunk: Trunk, leads_to: Collection[UUID], now: datetime) -> None:
        """Schedule the checks of a trunk whose health has begun, where it leads to, at the interval that it wants now.

        A longer one than before is noticed within ten cycles, since others may ask for the shorter.
        """
        if trunk.living_generation != trunk.generation:
            return
        if trunk.is_draft or trunk.health_interval_seconds == 0:
            return
        seconds = self._pace.interval_of(trunk.health_interval_seconds)
        for destination_id in set(leads_to):
            first_at = now + timedelta(seconds=jittered(seconds, random.random()))  # noqa: S311 - spreads work
            others_seconds, others_first_at = self._firsts.get(destination_id, (seconds, first_at))
            self._firsts[destination_id] = min(seconds, others_seconds), min(first_at, others_first_at)

    def write(self, now: datetime) -> None:
        """Write what was taken."""
        concerned = self._changes.keys() | self._soon | self._firsts.keys()
        if not concerned:
            return
        scheduled = self._rows.scheduled(concerned)
        sooner = {
            each: first for each, first in self._firsts.items() if _is_sooner(first, scheduled.get(each))
        }
        # What is locked by now is changed beside the rest of it; what is not there yet is entered.
        for each in sooner.keys() & scheduled.keys():
            seconds, at = scheduled[each]
            others_seconds, others_at = sooner.pop(each)
            change = self._changes.setdefault(each, {"destination_id": each})
            change["interval_seconds"] = min(seconds, others_seconds)
            change["next_check_at"] = min(at, others_at)
        if sooner:
            self._rows.begin(sooner)
        self._take_certificates(now)
        self._rows.change([self._changes[each] for each in sorted(self._changes)])
        if self._soon:
            self._rows.no_later_than(self._soon, now + timedelta(seconds=self._pace.soon_seconds))

    def _take_certificates(self, now: datetime) -> None:
        """Lay what reports showed over what is known by edge, now that the rows are kept."""
        if not self._certified:
            return
        books = self._certificates.books(self._certified.keys(), now)
        watches = self._ways.watched(books.keys())
        for destination_id, book in books.items():
            watch = watches[destination_id].watch if destination_id in watches else EdgeWatch()
            for report in self._certified[destination_id]:
                book = after_report(
                    book,
                    shown_ends(report.edges),
                    now,
                    is_whole=all(each.code is not WarningCode.DNS_PARTIAL for each in report.warnings),
                    standing=watch.named,
                    withdrawn=watch.withdrawn,
                )
            self._changes[destination_id] |= {
                "certificate_expires_at": book.first_end,
                "certificate_ends": write_book(book),
            }


def _is_sooner(first: tuple[float, datetime], scheduled: tuple[float, datetime] | None) -> bool:
    """Whether a destination is asked for more often, or earlier, than it is scheduled."""
    return scheduled is None or first[0] < scheduled[0] or first[1] < scheduled[1]


def _result(report: Report, now: datetime, *, alive: bool) -> dict[str, object]:
    decisive = next((edge for edge in report.edges if is_living_edge(edge) or not alive), None)
    return {
        "alive": alive,
        "some_dead": any(warning.code is WarningCode.EDGE_DOWN for warning in report.warnings),
        "reason": report.reason,
        "sip_status": None if decisive is None else decisive.sip_status,
        "latency_ms": None if decisive is None else decisive.rtt_ms,
        "checked_at": now,
    }
