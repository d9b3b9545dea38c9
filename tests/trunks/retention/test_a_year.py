# ruff: noqa: S608 - the statements are ours, and differ by engine
"""A year's rows, then the cleaning of many hours: tables shrink to their bounds and stay, in short transactions.

In every run a small part of it; `long`: 10,000 trunks proven daily (3.65 million runs) and 1,000 destinations with a
rollup an hour (8.8 million), then 48 hours of turns.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.trunks.forms import STARTED, Store
from tests.trunks.retention.rows import count
from trunks.doorbell import TEND_INTERVAL_SECONDS
from trunks.models.health_rollup import DailyRollup, HealthRollup
from trunks.models.verification import Verification

DAYS = 365
# A turn is cut off at 50 ms; what one statement and the commit take beside it hangs on the machine.
LONGEST_SECONDS = 1.0


@dataclass
class Transactions:
    """How long those took that write."""

    seconds: list[float] = field(default_factory=list)
    _began: dict[int, float] = field(default_factory=dict)

    def begun(self, connection: Any) -> None:
        if not connection.get_execution_options().get("trunks_read_only"):
            self._began[id(connection)] = time.perf_counter()

    def committed(self, connection: Any) -> None:
        began = self._began.pop(id(connection), None)
        if began is not None:
            self.seconds.append(time.perf_counter() - began)


@contextmanager
def transactions_of(store: Store) -> Iterator[Transactions]:
    engine, seen = store.installation.database.engine, Transactions()
    event.listen(engine, "begin", seen.begun)
    event.listen(engine, "commit", seen.committed)
    yield seen
    event.remove(engine, "begin", seen.begun)
    event.remove(engine, "commit", seen.committed)


def seed_year(store: Store, *, trunks: int, destinations: int) -> None:
    """Write a year of daily runs and hourly rollups up to now, by the store itself."""
    first = store.make_trunk()
    sqlite = store.installation.database.is_sqlite
    with store.installation.database.write() as session:

        def copies(table: str, number: int, **own: str) -> None:
            columns = [
                row[0]
                for row in session.execute(
                    text(
                        f"SELECT name FROM pragma_table_info('{table}')"
                        if sqlite
                        else f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"
                    )
                )
            ]
            values = ", ".join(own.get(column, column) for column in columns)
            session.execute(
                text(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"
                    f" CROSS JOIN ({_series(number - 1, sqlite)}) AS series WHERE id = :prototype"
                ),
                {
                    "prototype": _stored(
                        first.id if table == "trunks" else first.gateways[0].destination_id, sqlite
                    )
                },
            )

        copies("trunks", trunks, id=_id("0", sqlite))
        copies("destinations", destinations, id=_id("0", sqlite), key=_unique_key(sqlite))
        session.execute(
            text(
                "INSERT INTO verifications (id, trunk_id, generation, status, requested_by, requested_at, due_at,"
                f" {_notify_at(session, sqlite)} finished_at, outcome, reason, counted, report)"
                f" SELECT {_id('n', sqlite)}, id, 1, 'done', 'schedule', at, at,"
                f" {'at,' if _notify_at(session, sqlite) else ''} at, 'verified', 'credentials-proven', true,"
                f" :report FROM trunks CROSS JOIN (SELECT n, {_moment('n * 86400', sqlite)} AS at FROM"
                f" ({_series(DAYS, sqlite)}) AS series) AS moments"
            ),
            {"report": '{"summary": "' + "x" * 400 + '"}', "started": _started(sqlite)},
        )
        session.execute(
            text(
                "INSERT INTO health_rollups (id, destination_id, hour, checks, failures, latency_sum_ms,"
                f" latency_max_ms) SELECT {_id('n', sqlite)}, id, at, 60, 0, 600.0, 20.0 FROM destinations"
                f" CROSS JOIN (SELECT n, {_moment('n * 3600', sqlite)} AS at FROM"
                f" ({_series(DAYS * 24, sqlite)}) AS series) AS moments"
            ),
            {"started": _started(sqlite)},
        )


def _stored(row_id: Any, sqlite: bool) -> Any:
    return row_id.hex if sqlite else row_id


def _started(sqlite: bool) -> Any:
    return STARTED.strftime("%Y-%m-%d %H:%M:%S") if sqlite else STARTED


def _notify_at(session: Any, sqlite: bool) -> str:
    return "notify_at," if "notify_at" in Verification.__table__.columns else ""


def _series(number: int, sqlite: bool) -> str:
    if sqlite:
        return (
            f"WITH RECURSIVE counted(n) AS (SELECT 1 WHERE {number} > 0 UNION ALL SELECT n + 1 FROM counted"
            f" WHERE n < {number}) SELECT n FROM counted"
        )
    return f"SELECT n FROM generate_series(1, {number}) AS n"


def _moment(seconds: str, sqlite: bool) -> str:
    """So many seconds before now."""
    if sqlite:
        return f"strftime('%Y-%m-%d %H:%M:%S.000000', :started, '-' || ({seconds}) || ' seconds')"
    return f"CAST(:started AS timestamptz) - ({seconds}) * interval '1 second'"


def _id(age: str, sqlite: bool) -> str:
    """An id that sorts before those of a lower age."""
    if sqlite:
        return f"printf('%012x', 100000000 - {age}) || lower(hex(randomblob(10)))"
    return f"CAST(lpad(to_hex(100000000 - {age}), 12, '0') || substr(md5(random()::text), 1, 20) AS uuid)"


def _unique_key(sqlite: bool) -> str:
    return "lower(hex(randomblob(16)))" if sqlite else "md5(random()::text)"


@pytest.mark.parametrize(
    ("trunks", "destinations", "hours"),
    [
        pytest.param(10, 1, 0.5, id="a-thousandth"),
        pytest.param(10_000, 1_000, 48, id="whole", marks=pytest.mark.long),
    ],
)
def test_a_years_rows_shrink_to_their_bounds_and_stay(
    store: Store, trunks: int, destinations: int, hours: float, capsys: pytest.CaptureFixture[str]
) -> None:
    seed_year(store, trunks=trunks, destinations=destinations)
    assert count(store, Verification) == trunks * DAYS
    assert count(store, HealthRollup) == destinations * DAYS * 24
    shrunk_at = None
    with transactions_of(store) as seen:
        for turn in range(round(hours * 3600 / TEND_INTERVAL_SECONDS)):
            removed = store.installation.cleaning.turn()
            if not removed and shrunk_at is None and turn > 20:
                shrunk_at = turn * TEND_INTERVAL_SECONDS / 3600
            store.clock.advance(TEND_INTERVAL_SECONDS)
    with capsys.disabled():
        spent = sorted(seen.seconds)
        engine = "SQLite" if store.installation.database.is_sqlite else "PostgreSQL"
        print(
            f"\n{engine}, {trunks * DAYS:,} runs, {destinations * DAYS * 24:,} rollups: {len(spent)} transactions,"
            f" median {spent[len(spent) // 2] * 1000:.1f} ms, 99 % {spent[len(spent) * 99 // 100] * 1000:.1f} ms,"
            f" longest {spent[-1] * 1000:.1f} ms; at the bounds after {shrunk_at} simulated hours"
        )
    # Of the small store's few thousand some are longer where the machine stood still.
    assert spent[-1 if trunks > 10 else len(spent) * 99 // 100] < LONGEST_SECONDS
    days_left = hours / 24
    assert trunks * (90 - days_left - 1) <= count(store, Verification) <= trunks * 91
    assert destinations * 24 * (29 - days_left) <= count(store, HealthRollup) <= destinations * 24 * 30.1
    assert destinations * 330 <= count(store, DailyRollup) <= destinations * 337
