"""A clock that was ahead and is set back leaves moments in the rows that are long to come, and nothing would happen
until they have.
"""

from dataclasses import dataclass
from datetime import timedelta

from trunks.clock import Clock
from trunks.people.operator_notices import LEASE as NOTICE_LEASE
from trunks.repositories.rewound import LEASED, LEASED_FOR_LONGER, Rewound
from trunks.rules.pace_shares import LONGEST_WAIT
from trunks.store.database import Database

# The clocks of several machines are never quite the same.
_MARGIN = timedelta(minutes=1)
_INTERVAL_MARGIN = 1.2
# Leases of provisioning and reconciliation last two minutes, whatever is set.
_LONGEST_LEASE_SECONDS = 150.0


@dataclass(frozen=True, slots=True)
class RewoundClock:
    """`lease_seconds` is how long a run's lease lasts, `proof_interval_seconds` what lies between two proofs."""

    database: Database
    lease_seconds: float
    proof_interval_seconds: float
    clock: Clock

    def mend(self) -> int:
        """Bring such moments back to what a right clock would have written, and give the number of rows.

        A lease is not ended, since its holder may be at work, but ends as a new one would.
        """
        # Checks and proofs are many, and are mended in turns until one finds none.
        return self._mend_runs() + sum(iter(self._mend_checks, 0)) + sum(iter(self._mend_proofs, 0))

    def _mend_runs(self) -> int:
        lease = timedelta(seconds=max(self.lease_seconds, _LONGEST_LEASE_SECONDS))
        with self.database.write() as session:
            rows, now = Rewound(session), self.clock()
            mended = (
                rows.past(now + _MARGIN, now)
                + rows.messages(now + _MARGIN, now)
                + rows.passwords(now + _MARGIN, now)
                + rows.runs(now + LONGEST_WAIT + _MARGIN, now + _MARGIN, now)
                + rows.shares(now + LONGEST_WAIT + _MARGIN, now)
                + rows.leases(LEASED, now + lease + _MARGIN, now + lease)
                + rows.leases(LEASED_FOR_LONGER, now + NOTICE_LEASE + _MARGIN, now + NOTICE_LEASE)
            )
            # How long a turn is kept says nothing of the clock that kept it: up to a day.
            return mended + (rows.waits(now) if mended else 0)

    def _mend_checks(self) -> int:
        with self.database.write() as session:
            now = self.clock()
            return Rewound(session).checks(now + _MARGIN, now)

    def _mend_proofs(self) -> int:
        seconds = self.proof_interval_seconds
        with self.database.write() as session:
            now = self.clock()
            beyond = now + timedelta(seconds=_INTERVAL_MARGIN * seconds) + _MARGIN
            return Rewound(session).proofs(beyond, now, seconds)
