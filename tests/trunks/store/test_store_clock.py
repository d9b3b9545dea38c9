"""Processes on machines whose clocks differ agree on what is due: the time of day is the database server's."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.trunks.forms import Store
from trunks.store import store_clock
from trunks.store.store_clock import StoreClock

HOUR = timedelta(hours=1)
CLOSE = timedelta(seconds=5)

on_postgresql = pytest.mark.parametrize("store_settings", ["postgresql"], indirect=True)


def test_it_is_the_time_of_day(store: Store) -> None:
    assert abs(StoreClock(store.installation.database)() - datetime.now(UTC)) < CLOSE


@on_postgresql
def test_a_machine_whose_clock_is_an_hour_off_has_the_servers_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_clock, "utc_now", lambda: datetime.now(UTC) + HOUR)
    clock = StoreClock(store.installation.database)
    assert abs(clock() - datetime.now(UTC)) < CLOSE


@on_postgresql
def test_it_goes_on_between_measurements(store: Store) -> None:
    clock = StoreClock(store.installation.database)
    first, began = clock(), time.monotonic()
    while clock() == first:
        pass
    assert abs((clock() - first).total_seconds() - (time.monotonic() - began)) < 0.5


@on_postgresql
def test_it_is_measured_again_in_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StoreClock(store.installation.database)
    clock()
    measured = []
    monkeypatch.setattr(StoreClock, "measure", lambda self: measured.append(self))
    clock()
    assert measured == []
    monkeypatch.setattr(store_clock, "_MEASURED_FOR_SECONDS", -1.0)
    clock()
    assert measured == [clock]


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
def test_on_sqlite_it_is_the_machines_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_clock, "utc_now", lambda: datetime(2026, 3, 1, tzinfo=UTC))
    assert StoreClock(store.installation.database)() == datetime(2026, 3, 1, tzinfo=UTC)
