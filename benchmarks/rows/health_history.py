"""A trunk's history of 30 days, asked of a store that has counted the checks of many destinations."""

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from benchmarks.client import Client
from benchmarks.conditions import Conditions
from benchmarks.measurement import Measurement, Role, Sample, Unit
from benchmarks.rounds import measure_rounds
from benchmarks.service.crowd import crowded_forms
from benchmarks.service.rollups import DAYS, seed_rollups
from benchmarks.service.store import Store, left_out
from trunks.clock import utc_now
from trunks.rules.health_history import HistoryStep, beginning_of
from trunks.tenancy.tenants import Caller

KEY = "health-history"

_DESTINATIONS = 100_000
# Trunks that are asked for; their destinations have the hours, which all others have as days alone.
_ASKED = 100
_PERCENTILES = 100
_P95 = 94


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    missing, count = left_out(), conditions.operations(_DESTINATIONS)
    with crowded_forms(conditions.cores, count, missing=missing, destinations=count) as crowded:
        clients: list[Client] = []
        for store, trunks in crowded:
            clients += _clients(store, trunks[:_ASKED])
        return Measurement(
            row=KEY,
            title="History of 30 days",
            unit=Unit.MILLISECONDS,
            operation=f"a trunk's points, in a store with the days of {count:,} destinations",
            series=measure_rounds(KEY, clients, conditions.rounds),
            left_out=missing,
        )


def _clients(store: Store, trunks: Sequence[UUID]) -> Iterator[Client]:
    until = beginning_of(HistoryStep.DAY, utc_now())
    caller = store.installation.tenancy.tenants.authenticate(store.token)
    assert caller is not None
    seed_rollups(store.installation, until, by_the_hour=trunks)
    for step in HistoryStep:
        yield WhoeverAsks(
            f"{store.form}, by the {step.value}", Role.JUDGED, store, trunks, step, caller, until
        )


@dataclass(frozen=True, slots=True)
class WhoeverAsks:
    """One after the other."""

    name: str
    role: Role
    store: Store
    trunks: Sequence[UUID]
    step: HistoryStep
    caller: Caller
    until: datetime

    def sample(self) -> Sample:
        took_ms = [self._ask(trunk) for trunk in self.trunks]
        return Sample(
            figure=statistics.median(took_ms),
            p95=statistics.quantiles(took_ms, n=_PERCENTILES, method="inclusive")[_P95],
            whole=statistics.median(took_ms),
        )

    def _ask(self, trunk_id: UUID) -> float:
        history = self.store.installation.catalog.health_history
        since = self.until - timedelta(days=DAYS)
        began = time.perf_counter()
        points = history.of(self.caller, trunk_id, self.step, since=since, until=self.until)
        took_ms = (time.perf_counter() - began) * 1000
        assert len(points) == DAYS * (24 if self.step is HistoryStep.HOUR else 1)
        return took_ms
