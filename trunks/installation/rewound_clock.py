"""A clock that was ahead and is set back leaves moments in the rows that are long to come, and nothing would happen
until they have.
"""

from datetime import timedelta

from trunks.clock import Clock, utc_now
from trunks.repositories.rewound import Rewound
from trunks.rules.pace_shares import LONGEST_WAIT
from trunks.store.database import Database

# The clocks of several machines are never quite the same.
_MARGIN = timedelta(minutes=1)
_INTERVAL_MARGIN = 1.2
# Leases of provisioning and reconciliation last two minutes, whatever is set.
_LONGEST_LEASE_SECONDS = 150.0


class RewoundClock:
    """`lease_seconds` is how long a run's lease lasts, `proof_interval_seconds` what lies between two proofs."""

    def __init__(
        self,
        database: Database,
        *,
        lease_seconds: float,
        proof_interval_seconds: float,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._lease = timedelta(seconds=max(lease_seconds, _LONGEST_LEASE_SECONDS))
        self._proof_interval_seconds = proof_interval_seconds
        self._clock = clock

    def mend(self) -> int:
        """Bring such moments back to what a right clock would have written, and give the number of rows.

        A lease is not ended, since its holder may be at work, but ends as a new one would.
        """
        turns = (self._mend_runs, self._mend_checks, self._mend_proofs)
        return sum(turn() for turn in turns)

    def _mend_runs(self) -> int:
        with self._database.write() as session:
            rows, now = Rewound(session), self._clock()
            return (
                rows.past(now + _MARGIN, now)
                + rows.runs(now + LONGEST_WAIT + _MARGIN, now + _MARGIN, now)
                + rows.leases(now + self._lease + _MARGIN, now + self._lease)
            )

    def _mend_checks(self) -> int:
        mended = 0
        while True:
            with self._database.write() as session:
                now = self._clock()
                turn = Rewound(session).checks(now + _MARGIN, now)
            mended += turn
            if not turn:
                return mended

    def _mend_proofs(self) -> int:
        mended, seconds = 0, self._proof_interval_seconds
        while True:
            with self._database.write() as session:
                now = self._clock()
                beyond = now + timedelta(seconds=_INTERVAL_MARGIN * seconds) + _MARGIN
                turn = Rewound(session).proofs(beyond, now, seconds)
            mended += turn
            if not turn:
                return mended
