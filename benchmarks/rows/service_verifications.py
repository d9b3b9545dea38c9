"""Verifications through the whole service: what each costs all its processes, and how many are done a second."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from benchmarks.client import Client
from benchmarks.conditions import Conditions
from benchmarks.cores import Cores
from benchmarks.measurement import Measurement, Role, Sample, Unit
from benchmarks.rounds import measure_rounds
from benchmarks.service.calls import ask_for_runs
from benchmarks.service.crowd import crowded_forms
from benchmarks.service.processes import Service, running_service
from benchmarks.service.runs import enter_runs, finished_at, wait_until_done
from benchmarks.service.store import Form, Store, left_out
from benchmarks.service.workers import rung_service
from trunks.clock import utc_now

KEY = "service-verifications"

_TRUNKS = 500
_CALLERS = 8
_WARM_UP_TRUNKS = 100

# Has the runs of these trunks asked for, and gives their ids.
Ask = Callable[[Sequence[UUID]], Sequence[UUID]]


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    missing = left_out()
    with crowded_forms(conditions.cores, conditions.operations(_TRUNKS), missing=missing) as crowded:
        clients: list[Client] = []
        for store, trunks in crowded:
            clients += _clients(store, trunks, conditions.cores)
        return Measurement(
            row=KEY,
            title="Verifications through the service",
            unit=Unit.CPU_MILLISECONDS,
            operation="a run asked for, claimed, verified by OPTIONS and REGISTER with digest, and recorded",
            series=measure_rounds(KEY, clients, conditions.service_rounds),
            left_out=missing,
        )


def _clients(store: Store, trunks: Sequence[UUID], cores: Cores) -> Iterator[Client]:
    for workers in (1,) if store.form is Form.EMBEDDED else (1, 2):
        name = store.form.value
        if store.form is Form.SCALED:
            name += f", {workers} worker" + "s" * (workers > 1)
        yield AskedOverHttp(f"{name}, asked for over HTTP", Role.OURS, store, trunks, cores, workers)
        yield EnteredInTheStore(f"{name}, entered in the store", Role.OURS, store, trunks, cores, workers)


@dataclass(frozen=True, slots=True)
class AskedOverHttp:
    """Calls of `POST …/verify?async=true`, a few callers at once."""

    name: str
    role: Role
    store: Store
    trunks: Sequence[UUID]
    cores: Cores
    workers: int

    def sample(self) -> Sample:
        with running_service(self.store, self.cores, workers=self.workers) as service:

            def ask(trunks: Sequence[UUID]) -> Sequence[UUID]:
                calls = ask_for_runs(service.port, self.store.token, trunks, callers=_CALLERS)
                return [call.verification_id for call in calls]

            return _measured(self.store, self.trunks, service, ask)


@dataclass(frozen=True, slots=True)
class EnteredInTheStore:
    """All runs are in the store before the first is rung for: what the workers alone do."""

    name: str
    role: Role
    store: Store
    trunks: Sequence[UUID]
    cores: Cores
    workers: int

    def sample(self) -> Sample:
        with rung_service(self.store, self.cores, workers=self.workers) as (service, ring):

            def ask(trunks: Sequence[UUID]) -> Sequence[UUID]:
                runs = enter_runs(self.store.installation, trunks)
                for run in runs:
                    ring(run)
                return runs

            return _measured(self.store, self.trunks, service, ask)


def _measured(store: Store, trunks: Sequence[UUID], service: Service, ask: Ask) -> Sample:
    installation = store.installation
    ask(trunks[:_WARM_UP_TRUNKS])
    wait_until_done(installation)
    cpu_seconds, started_at = service.cpu_seconds(), utc_now()
    runs = ask(trunks)
    wait_until_done(installation)
    cpu_seconds = service.cpu_seconds() - cpu_seconds
    wall_seconds = (finished_at(installation, runs) - started_at).total_seconds()
    return Sample(figure=cpu_seconds / len(runs) * 1e3, per_second=len(runs) / wall_seconds)
