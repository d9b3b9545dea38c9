"""The store as the runs of a worker ask it: in groups, from the one loop that they share."""

from datetime import datetime
from uuid import UUID

from trunks.runs.address_limits import AddressLimits
from trunks.runs.claims import RunClaims
from trunks.runs.kept_back import KeptBack
from trunks.runs.open_calls import OpenCalls, WrittenCall
from trunks.runs.recovery import Recovery, Return
from trunks.runs.results import RunResult
from trunks.runs.sending import Departure, Intent
from trunks.runs.wishes import Admission, Wish
from trunks.store.grouped import Grouped


class RunStore:
    """Each question raises StoreUnavailable. Whoever is the only run waits for nobody."""

    def __init__(
        self, claims: RunClaims, recovery: Recovery, limits: AddressLimits, open_calls: OpenCalls
    ) -> None:
        self.runs = 0
        self.paced = not limits.off
        self._standing = Grouped[Intent, datetime | None](
            # They were claimed together, and ask together.
            claims.standing,
            alone=self._alone,
            gather_seconds=0.0,
        )
        self._admit = Grouped[Wish, Admission](limits.admit, alone=self._alone, turn=claims.turn)
        self._knocks_before = Grouped[str, int](limits.knocks_before, alone=self._alone)
        self._free = Grouped[tuple[str, UUID], None](limits.free, alone=self._alone, turn=claims.turn)
        self._send = Grouped[Departure, bool](claims.send_credentials, alone=self._alone, turn=claims.turn)
        self._write_down = Grouped[WrittenCall, None](
            open_calls.write_down, alone=self._alone, turn=claims.turn
        )
        self._finish = Grouped[RunResult, bool](claims.finish, alone=self._alone, turn=claims.turn)
        self._give_back = Grouped[Return, bool](recovery.give_back, alone=self._alone, turn=claims.turn)
        self.kept_back = KeptBack()

    async def standing(self, intent: Intent) -> datetime | None:
        """Say until when a run may send nothing; None when it may begin.

        Raises RunPostponed while nobody knows what became of its credentials at their last sending.
        """
        return await self._standing.ask(intent)

    async def admit(self, wish: Wish) -> Admission:
        """Ask for a run's turn at its addresses."""
        return await self._admit.ask(wish)

    async def knocks_before(self, address: str) -> int:
        """Say how many of our requests a guard at an address may have counted in the last 24 hours."""
        return await self._knocks_before.ask(address)

    async def free_slot(self, address: str, claim_id: UUID) -> None:
        """Free a run's slot at an address that it is done with."""
        await self._free.ask((address, claim_id))

    async def send_credentials(self, departure: Departure) -> bool:
        """Commit that credentials leave now; false when the claim is lost, and they must not.

        Raises CredentialsFrozen, CredentialsClaimed.
        """
        return await self._send.ask(departure)

    async def write_down(self, written: WrittenCall) -> None:
        """Commit what ends a call that is about to leave, or strike it out."""
        await self._write_down.ask(written)

    async def finish(self, result: RunResult) -> bool:
        """Record what a run came to; false when the claim is lost."""
        answer = await self._finish.ask(result)
        self.kept_back.settled(result.knocked)
        return answer

    async def give_back(self, given: Return) -> bool:
        """Give a run back that comes to nothing now; false when the claim is lost."""
        answer = await self._give_back.ask(given)
        self.kept_back.settled(given.knocked)
        return answer

    def _alone(self) -> bool:
        return self.runs <= 1
