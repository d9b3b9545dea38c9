"""Drafts: trunks that are there for a moment only, for a dry run or until their infrastructure stands."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.catalog.number_claims import ClaimDesk
from trunks.clock import Clock
from trunks.provisions.requests import ProvisionRequests
from trunks.repositories.trunks import Trunks
from trunks.store.database import Database
from trunks.voice.provisioner import ProvisionerName

# Longer than any caller waits: what is older was left behind by a process that ended.
_LEFT_BEHIND_AFTER = timedelta(minutes=1)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class UnsavedTrunks:
    """`longest_seconds` is how long a caller waits at most."""

    database: Database
    provisioner: ProvisionerName
    longest_seconds: float
    clock: Clock

    def discard(self, trunk_id: UUID) -> None:
        """Remove a draft with all that belongs to it; a run of it that is still under way changes nothing then."""
        with self.database.write() as session:
            self._remove(session, trunk_id)

    def remove_left_behind(self) -> None:
        """Remove the drafts that nobody waits for any more."""
        with self.database.write() as session:
            before = self.clock() - _LEFT_BEHIND_AFTER - timedelta(seconds=self.longest_seconds)
            for trunk_id in Trunks(session).drafts(made_before=before, limit=_AT_ONCE):
                self._remove(session, trunk_id)

    def _remove(self, session: Session, trunk_id: UUID) -> None:
        # Locked in the order of every other writer: the trunk, then its provision.
        Trunks(session).locked(trunk_id)
        ProvisionRequests(session, self.provisioner).changed(trunk_id, self.clock())
        ClaimDesk(session, self.provisioner, self.clock()).release_all(trunk_id)
        Trunks(session).remove_draft(trunk_id)
