"""What the service adds to a verification on demand while a worker sweeps many trunks, and while it does not."""

import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from uuid import UUID

from benchmarks.conditions import Conditions
from benchmarks.cost import ProgramFailed
from benchmarks.measurement import Measurement, Role, Sample, Series, Unit
from benchmarks.responder import udp_responder
from benchmarks.service.calls import verify_and_wait
from benchmarks.service.processes import running_service
from benchmarks.service.runs import durations_ms
from benchmarks.service.seed import trunk_ids
from benchmarks.service.store import Store, left_out
from benchmarks.service.sweep import Size, swept
from benchmarks.service.sweep_store import SweepStore, sweep_store

KEY = "sweep-on-demand"

_TRUNKS = 100_000
_DESTINATIONS = 1_000
_CALLS = 200
_PERCENTILES = 100
_P95 = 94


def measure(conditions: Conditions) -> Measurement:
    """Measure the row. Raises ProgramFailed."""
    missing = left_out()
    return Measurement(
        row=KEY,
        title="Verification on demand during a sweep",
        unit=Unit.MILLISECONDS,
        operation="POST …/verify until its answer, less what the report says the run took",
        series=() if missing else _measure(conditions),
        left_out=missing,
    )


def _measure(conditions: Conditions) -> tuple[Series, ...]:
    size = Size(trunks=conditions.operations(_TRUNKS), destinations=conditions.operations(_DESTINATIONS))
    calls = conditions.operations(_CALLS)
    quiet: list[Sample] = []
    busy: list[Sample] = []
    with (
        udp_responder(conditions.cores) as responder,
        swept(size, responder) as fleet,
        running_service(fleet.store, conditions.cores) as service,
        sweep_store(fleet.store) as asked,
    ):
        caller = fleet.store.installation.tenancy.tenants.authenticate(fleet.store.token)
        assert caller is not None
        # Of many destinations, and none twice.
        ids = trunk_ids(fleet.store.installation, caller)
        trunks = iter(ids[:: max(1, len(ids) // (calls * (2 * conditions.service_rounds + 1)))])
        take: Callable[[], Sequence[UUID]] = lambda: list(islice(trunks, calls))  # noqa: E731
        _sample(fleet.store, service.port, take())
        for _ in range(conditions.service_rounds):
            quiet.append(_sample(fleet.store, service.port, take()))
            with _sweeping(asked):
                busy.append(_sample(fleet.store, service.port, take()))
    return (
        Series(name="nothing else to do, one caller", role=Role.OURS, samples=tuple(quiet)),
        Series(name=f"sweeps of {size} without a pause, one caller", role=Role.JUDGED, samples=tuple(busy)),
    )


def _sample(store: Store, port: int, trunks: Sequence[UUID]) -> Sample:
    calls = verify_and_wait(port, store.token, trunks, callers=1)
    took_ms = durations_ms(store.installation, [call.verification_id for call in calls])
    added_ms = [call.wall_ms - took_ms[call.verification_id] for call in calls]
    return Sample(
        figure=statistics.median(added_ms),
        p95=statistics.quantiles(added_ms, n=_PERCENTILES, method="inclusive")[_P95],
        whole=statistics.median(call.wall_ms for call in calls),
    )


@contextmanager
def _sweeping(asked: SweepStore) -> Iterator[None]:
    """Make all destinations due again as soon as they have been swept. Raises ProgramFailed."""
    ending = threading.Event()
    cycles: list[float] = []

    def sweep() -> None:
        while not ending.is_set():
            asked.make_due()
            cycles.append(asked.wait_until_swept())

    thread = threading.Thread(target=sweep, name="sweeping")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
    if not cycles:
        raise ProgramFailed("no sweep was done while verifications were asked for")
