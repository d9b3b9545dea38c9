"""Why something fell, read from what checks and runs left behind, in the transaction that tells the flips."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.report.json_import import ReportUnreadable
from sipcheck.report.model import Report
from trunks.models.destination_health import DestinationHealth
from trunks.models.flip import Flip
from trunks.repositories.health_spans import HealthSpans
from trunks.repositories.liveness import LivenessRows
from trunks.repositories.untold_flips import UntoldFlips
from trunks.rules.destination_facts import read_facts
from trunks.rules.health_history import percentile_ms
from trunks.rules.run_facts import failure_of_run
from trunks.rules.what_changed import changes_found, kept_changes, read_failure
from trunks.runs.stored_report import read_stored

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FallSeen:
    """Of a destination `silent_since` and `changed`, by its checks; of one run what it alone found, `own_changes`.

    `addresses` are those that the destination's edges had.
    """

    reason: str | None
    silent_since: datetime | None = None
    changed: Mapping[str, Any] | None = None
    own_changes: Mapping[str, Any] | None = None
    addresses: frozenset[str] = frozenset()


class IncidentEvidence:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._liveness = LivenessRows(session)
        self._by_checks: dict[UUID, FallSeen] = {}

    def of(self, destination_id: UUID, flip: Flip) -> FallSeen:
        """Say why a trunk fell: by its run where one made the flip, else by its destination's checks."""
        if flip.verification_id is not None:
            return self._by_run(destination_id, flip.verification_id, flip.at)
        if destination_id not in self._by_checks:
            self._by_checks[destination_id] = self._by_check(destination_id)
        return self._by_checks[destination_id]

    def _by_run(self, destination_id: UUID, verification_id: UUID, at: datetime) -> FallSeen:
        (*_, run) = [None, *UntoldFlips(self._session).runs([verification_id])]
        if run is None or run.reason is None:
            return FallSeen(reason=None)
        report = next(iter(read_reports(UntoldFlips(self._session).report(verification_id))), None)
        row = self._liveness.of(destination_id)
        if report is None or row is None:
            return FallSeen(reason=run.reason.value)
        failure = failure_of_run(report, read_facts(row.good), answered_at=row.answered_at, at=at)
        return FallSeen(
            reason=run.reason.value,
            own_changes=kept_changes(changes_found(failure)),
            addresses=failure.after.addresses,
        )

    def _by_check(self, destination_id: UUID) -> FallSeen:
        row = self._liveness.with_first_failure(destination_id)
        if row is None or row.alive or row.reason is None:
            return FallSeen(reason=None)
        addresses = frozenset((row.edge_addresses or "").split())
        seen = FallSeen(reason=row.reason.value, silent_since=row.fell_at, addresses=addresses)
        if row.first_failure is None or row.fell_at is None:
            return seen
        failure = read_failure(row.first_failure, usual_ms=self._usual_ms(row))
        if failure.at != row.fell_at:
            return seen
        if row.certificate_expires_at is not None and row.certificate_expires_at <= failure.at:
            failure = replace(failure, certificate_ended_at=row.certificate_expires_at)
        return replace(seen, changed=kept_changes(changes_found(failure), failure.call_ids))

    def _usual_ms(self, row: DestinationHealth) -> float | None:
        """The median round trip of the day before it fell."""
        if row.fell_at is None:
            return None
        hours = HealthSpans(self._session).hours({row.destination_id: row.fell_at - _DAY}, row.fell_at)
        latencies = [sum(counts) for counts in zip(*(each.latencies for each in hours), strict=True)]
        return percentile_ms(latencies, 0.5, max((each.latency_max_ms for each in hours), default=0.0))


def read_reports(stored: Mapping[str, Any] | None) -> Sequence[Report]:
    """Read what a run keeps; nothing where it keeps nothing that can be read."""
    if stored is None:
        return ()
    try:
        return read_stored(dict(stored))
    except (ReportUnreadable, KeyError):
        return ()
