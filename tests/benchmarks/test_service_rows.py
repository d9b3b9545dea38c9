"""The rows that measure the whole service run in miniature, with real processes; no figure is judged."""

import pytest

from benchmarks.conditions import Conditions
from benchmarks.cores import Cores
from benchmarks.measurement import Measurement, Role, Sample, Unit
from benchmarks.responder import udp_responder
from benchmarks.rows import health_history, service_on_demand, service_verifications
from benchmarks.service.crowd import enter_trunks
from benchmarks.service.store import Form, open_store

CORES = Cores(None, None)
CONDITIONS = Conditions(cores=CORES, quick=True)


def names(measurement: Measurement) -> list[str]:
    return [series.name for series in measurement.series]


def is_measured(sample: Sample) -> bool:
    return sample.figure > 0 and sample.per_second is not None and sample.per_second > 0


def test_without_the_servers_the_embedded_form_is_measured_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_verifications, "left_out", lambda: ("PostgreSQL",))
    measured = service_verifications.measure(CONDITIONS)
    assert (measured.unit, measured.left_out) == (Unit.CPU_MILLISECONDS, ("PostgreSQL",))
    assert names(measured) == ["embedded, asked for over HTTP", "embedded, entered in the store"]
    assert all(is_measured(sample) for series in measured.series for sample in series.samples)


# One worker, and a service in the scaled form, are measured in tests/benchmarks/test_sweep_rows.py in every run.
@pytest.mark.long
def test_several_workers_do_what_is_in_the_store() -> None:
    with udp_responder(CORES) as responder, open_store(Form.SCALED) as store:
        trunks = enter_trunks(store, responder, 20)
        client = service_verifications.EnteredInTheStore("two workers", Role.OURS, store, trunks, CORES, 2)
        assert is_measured(client.sample())


def test_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_history, "left_out", lambda: ("Redis",))
    monkeypatch.setattr(health_history, "_DESTINATIONS", 200)
    monkeypatch.setattr(health_history, "_ASKED", 3)
    measured = health_history.measure(CONDITIONS)
    assert names(measured) == ["embedded, by the hour", "embedded, by the day"]
    assert all(sample.figure > 0 for series in measured.series for sample in series.samples)


@pytest.mark.parametrize(
    ("missing", "forms"),
    [
        pytest.param(("Redis",), [Form.EMBEDDED], id="embedded"),
        # The scaled form is asked on demand in tests/benchmarks/test_sweep_rows.py too.
        pytest.param((), list(Form), id="both", marks=pytest.mark.long),
    ],
)
def test_verification_on_demand(
    missing: tuple[str, ...], forms: list[Form], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_on_demand, "left_out", lambda: missing)
    measured = service_on_demand.measure(CONDITIONS)
    assert (measured.unit, measured.left_out) == (Unit.MILLISECONDS, missing)
    assert names(measured) == [
        f"{form}, {callers}" for form in forms for callers in ("one caller", "10 callers at once")
    ]
    for series in measured.series:
        for sample in series.samples:
            assert sample.p95 is not None
            assert sample.whole is not None
            assert 0 < sample.figure <= sample.p95
            assert sample.figure < sample.whole
