"""Verifications of trunks that are not entered: a draft is made for the run, and removed with its answer."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import undefer

from trunks.catalog.drafts import UnsavedTrunks
from trunks.catalog.new_trunk import NewTrunk
from trunks.catalog.trunks import TrunkCatalog
from trunks.models.trunk import Trunk
from trunks.models.verification import Verification
from trunks.runs.requests import RunRequests
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller


@dataclass(frozen=True, slots=True)
class DryRun:
    """A run on its way."""

    trunk_id: UUID
    verification_id: UUID


@dataclass(frozen=True, slots=True)
class DryRuns:
    database: Database
    trunks: TrunkCatalog
    runs: RunRequests
    drafts: UnsavedTrunks

    def begin(self, caller: Caller, new: NewTrunk, *, request_id: str | None = None) -> DryRun:
        """Queue a run of a trunk as described. Raises CustomTrunksNotAllowed."""
        draft = self.trunks.create(caller, new, is_draft=True)
        return DryRun(draft.id, self.runs.request(caller, draft.id, request_id=request_id, on_demand=True))

    def result(self, run: DryRun) -> tuple[Trunk, Verification]:
        """Give the draft in the state that the run left it in, and the run."""
        with self.database.read() as session:
            with_report = [undefer(Verification.report)]
            return (
                session.get_one(Trunk, run.trunk_id),
                session.get_one(Verification, run.verification_id, options=with_report),
            )

    def discard(self, run: DryRun) -> None:
        """Remove the draft with its run; one that is still under way changes nothing then."""
        self.drafts.discard(run.trunk_id)
