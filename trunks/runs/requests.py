"""Runs for those who ask for one: requested, looked up, waited for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from trunks.clock import Clock, utc_now
from trunks.errors import StoreBusy, TrunkNotFound, VerificationNotFound
from trunks.models.trunk import Trunk
from trunks.models.verification import RequestedBy, Verification
from trunks.repositories.trunks import Trunks
from trunks.repositories.verifications import Verifications
from trunks.runs.queue import bring_forward, new_run
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Who wants a run of which trunk; `on_demand` says that somebody waits for its end."""

    environment_id: UUID
    trunk_id: UUID
    request_id: str | None = None
    on_demand: bool = False


class RunRequests:
    def __init__(self, database: Database, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def ask(
        self, asked: Sequence[RunRequest], *, skip_locked: bool = True
    ) -> list[Verification | TrunkNotFound | StoreBusy]:
        """Queue runs for many who ask, each answered by himself; whoever asks while one is open is given that one.

        A trunk's password goes out once for all who ask at the same moment: a carrier has to see one REGISTER
        per address-of-record at a time (RFC 3261 §10.2). Where another keeps a trunk the answer is StoreBusy, unless
        he is waited for.
        """
        with self._database.write() as session:
            wanted = {each.trunk_id for each in asked}
            trunks = Trunks(session).locked_rows(wanted, skip_locked=skip_locked)
            kept_by_another = Trunks(session).among(wanted - trunks.keys())
            runs = Verifications(session).open_among({each.id: each.generation for each in trunks.values()})
            now = self._clock()
            answers: list[Verification | TrunkNotFound | StoreBusy] = []
            new: list[Verification] = []
            for each in asked:
                trunk = trunks.get(each.trunk_id)
                if each.trunk_id in kept_by_another:
                    answers.append(StoreBusy())
                elif trunk is None or trunk.environment_id != each.environment_id:
                    answers.append(TrunkNotFound())
                else:
                    if trunk.id in runs:
                        bring_forward(
                            runs[trunk.id], now, request_id=each.request_id, on_demand=each.on_demand
                        )
                    else:
                        runs[trunk.id] = new_run(
                            trunk,
                            RequestedBy.CUSTOMER,
                            now,
                            request_id=each.request_id,
                            on_demand=each.on_demand,
                        )
                        new.append(runs[trunk.id])
                    answers.append(runs[trunk.id])
            Verifications(session).enter(new)
            return answers

    def request(
        self, caller: Caller, trunk_id: UUID, *, request_id: str | None = None, on_demand: bool = False
    ) -> UUID:
        """Queue one run and give its id. Raises TrunkNotFound."""
        asked = RunRequest(caller.environment_id, trunk_id, request_id, on_demand)
        (answer,) = self.ask([asked], skip_locked=False)
        if isinstance(answer, Exception):
            raise answer
        return answer.id

    def get(self, caller: Caller, trunk_id: UUID, verification_id: UUID) -> Verification:
        """Look a run up. Raises TrunkNotFound, VerificationNotFound."""
        return self.get_with_trunk(caller, trunk_id, verification_id)[1]

    def get_with_trunk(
        self, caller: Caller, trunk_id: UUID, verification_id: UUID
    ) -> tuple[Trunk, Verification]:
        """Look a run up beside its trunk as of the same moment. Raises TrunkNotFound, VerificationNotFound."""
        with self._database.question() as session:
            trunk, found = Verifications(session).with_trunk(caller.environment_id, trunk_id, verification_id)
            if trunk is None:
                raise TrunkNotFound
            if found is None:
                raise VerificationNotFound
            return trunk, found

    def page(
        self, caller: Caller, trunk_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[Verification]:
        """List a trunk's runs, newest first. Raises TrunkNotFound."""
        with self._database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            return Verifications(session).page(trunk_id, limit=limit, before=before)

    def done_among(self, ids: Collection[UUID]) -> set[UUID]:
        """Which of these runs nobody has to wait for: done, or their trunks were edited or removed meanwhile."""
        with self._database.question() as session:
            return set(ids) - Verifications(session).awaited_among(ids)
