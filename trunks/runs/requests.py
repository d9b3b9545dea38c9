"""Runs for those who ask for one: requested, looked up, waited for."""

from collections.abc import Collection, Sequence
from uuid import UUID

from trunks.clock import Clock, utc_now
from trunks.errors import TrunkNotFound, VerificationNotFound
from trunks.models.verification import RequestedBy, Verification
from trunks.repositories.trunks import Trunks
from trunks.repositories.verifications import Verifications
from trunks.runs.queue import bring_forward, find_or_queue
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller


class RunRequests:
    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def request(
        self, caller: Caller, trunk_id: UUID, *, request_id: str | None = None, on_demand: bool = False
    ) -> UUID:
        """Queue a run and give its id, as ask() does. Raises TrunkNotFound."""
        return self.ask(caller, trunk_id, request_id=request_id, on_demand=on_demand).id

    def ask(
        self, caller: Caller, trunk_id: UUID, *, request_id: str | None = None, on_demand: bool = False
    ) -> Verification:
        """Queue a run; whoever asks while one is open is given that one.

        `on_demand` says that somebody waits for the answer.

        A trunk's password goes out once for all who ask at the same moment: a carrier has to see one REGISTER
        per address-of-record at a time (RFC 3261 §10.2). Raises TrunkNotFound.
        """
        with self._database.write() as session:
            trunk = Trunks(session).locked_row(trunk_id)
            if trunk is None or trunk.environment_id != caller.environment_id:
                raise TrunkNotFound
            now = self._clock()
            run, is_new = find_or_queue(
                session, trunk, RequestedBy.CUSTOMER, now, request_id=request_id, on_demand=on_demand
            )
            if not is_new:
                bring_forward(run, now, request_id=request_id, on_demand=on_demand)
            return run

    def get(self, caller: Caller, trunk_id: UUID, verification_id: UUID) -> Verification:
        """Look a run up. Raises TrunkNotFound, VerificationNotFound."""
        with self._database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            found = Verifications(session).of(trunk_id, verification_id)
            if found is None:
                raise VerificationNotFound
            return found

    def page(
        self, caller: Caller, trunk_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[Verification]:
        """List a trunk's runs, newest first. Raises TrunkNotFound."""
        with self._database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            return Verifications(session).page(trunk_id, limit=limit, before=before)

    def done_among(self, ids: Collection[UUID]) -> set[UUID]:
        """Which of these runs are done."""
        with self._database.read() as session:
            return Verifications(session).done_among(ids)
