"""Which tables are cleaned, and how long each keeps its rows."""

from collections.abc import Sequence
from datetime import timedelta

from trunks.repositories import old_rows
from trunks.retention.chore import AgedRows, Chore, Destinations, HourlyRollups, Messages, Pins
from trunks.retention.freezes import Freezes
from trunks.retention.keeping import (
    CALL_QUOTAS,
    GIVEN_UP_SIDES,
    IDLE_ADDRESSES,
    KEPT_ANSWERS,
    KNOCKS,
    LEFT_LADDERS,
    LOST_WORKERS,
    Keeping,
)
from trunks.secrets.secret_box import SecretBox
from trunks.tenancy.installation_keys import InstallationKeyring


def chores(keeping: Keeping, secrets: SecretBox, own_keys: InstallationKeyring) -> Sequence[Chore]:
    """List them in the order in which they take their turns."""
    unused = _days(keeping.unused_destinations)
    return (
        AgedRows(old_rows.SHARED_PAGES, timedelta(0)),
        AgedRows(old_rows.LEFT_LADDERS, LEFT_LADDERS),
        AgedRows(old_rows.CONSOLE_SESSIONS, timedelta(0)),
        AgedRows(old_rows.RUNS, _days(keeping.verifications)),
        AgedRows(old_rows.CALLS, _days(keeping.verifications)),
        AgedRows(old_rows.CALL_QUOTAS, CALL_QUOTAS),
        AgedRows(old_rows.FLIPS, _days(keeping.flips)),
        HourlyRollups(_days(keeping.hourly_rollups)),
        AgedRows(old_rows.DAILY_ROLLUPS, _days(keeping.daily_rollups)),
        Pins(unused),
        Destinations(unused),
        Freezes(secrets, own_keys, _days(keeping.freezes)),
        AgedRows(old_rows.MASS_FALLS, _days(keeping.mass_falls)),
        AgedRows(old_rows.INCIDENTS, _days(keeping.flips)),
        AgedRows(old_rows.MAINTENANCES, _days(keeping.flips)),
        Messages(_days(keeping.messages)),
        AgedRows(old_rows.IDLE_BUDGETS, IDLE_ADDRESSES),
        AgedRows(old_rows.LOST_SLOTS, IDLE_ADDRESSES),
        AgedRows(old_rows.LEFT_SHARES, IDLE_ADDRESSES),
        AgedRows(old_rows.KNOCKS, KNOCKS),
        AgedRows(old_rows.KNOCK_WAITS, IDLE_ADDRESSES),
        AgedRows(old_rows.GIVEN_UP_SIDES, GIVEN_UP_SIDES),
        AgedRows(old_rows.KEPT_ANSWERS, KEPT_ANSWERS),
        AgedRows(old_rows.LOST_WORKERS, LOST_WORKERS),
    )


def _days(number: int) -> timedelta:
    return timedelta(days=number)
