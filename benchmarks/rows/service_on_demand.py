"""What the service adds to the SIP exchange when somebody waits for a verification."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from benchmarks.client import Client
from benchmarks.conditions import Conditions
from benchmarks.cores import Cores
from benchmarks.measurement import Measurement, Role, Sample, Unit
from benchmarks.rounds import measure_rounds
from benchmarks.service.calls import Call, verify_and_wait
from benchmarks.service.crowd import crowded_forms
from benchmarks.service.processes import running_service
from benchmarks.service.runs import durations_ms
from benchmarks.service.store import Store, left_out

KEY = "on-demand-added"

_TRUNKS = 300
_CALLERS = (1, 10)
_WARM_UP_TRUNKS = 50
_PERCENTILES = 100
_P95 = 94


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    missing = left_out()
    with crowded_forms(conditions.cores, conditions.operations(_TRUNKS), missing=missing) as crowded:
        clients: list[Client] = []
        for store, trunks in crowded:
            clients += _clients(store, trunks, conditions.cores)
        return Measurement(
            row=KEY,
            title="Verification on demand",
            unit=Unit.MILLISECONDS,
            operation="POST …/verify until its answer, less what the report says the run took",
            series=measure_rounds(KEY, clients, conditions.service_rounds),
            left_out=missing,
        )


def _clients(store: Store, trunks: Sequence[UUID], cores: Cores) -> Iterator[Client]:
    for callers in _CALLERS:
        at_once = "one caller" if callers == 1 else f"{callers} callers at once"
        # What many at once wait for is one another's turn: that is service-verifications' figure.
        role = Role.JUDGED if callers == 1 else Role.OURS
        yield CallersWhoWait(f"{store.form}, {at_once}", role, store, trunks, cores, callers)


@dataclass(frozen=True, slots=True)
class CallersWhoWait:
    """Each on a connection of its own, which is kept."""

    name: str
    role: Role
    store: Store
    trunks: Sequence[UUID]
    cores: Cores
    callers: int

    def sample(self) -> Sample:
        with running_service(self.store, self.cores) as service:
            self._call(service.port, self.trunks[:_WARM_UP_TRUNKS])
            calls = self._call(service.port, self.trunks)
        took_ms = durations_ms(self.store.installation, [call.verification_id for call in calls])
        added_ms = [call.wall_ms - took_ms[call.verification_id] for call in calls]
        return Sample(
            figure=statistics.median(added_ms),
            p95=statistics.quantiles(added_ms, n=_PERCENTILES, method="inclusive")[_P95],
            whole=statistics.median(call.wall_ms for call in calls),
        )

    def _call(self, port: int, trunks: Sequence[UUID]) -> list[Call]:
        return verify_and_wait(port, self.store.token, trunks, callers=self.callers)
