"""Test calls for those who ask for one: refused before a packet, or queued (docs/calls.md, "In the service")."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from sipcheck.verification.calling.numbers import NumberFormat, NumberRefused, read_number, write_number
from trunks.clock import Clock
from trunks.errors import (
    CallerNotYours,
    CallInProgress,
    CallLimitReached,
    CallNotFound,
    CallsNotAllowed,
    NumberNotAllowed,
)
from trunks.ids import new_id
from trunks.models.placed_call import PlacedCall
from trunks.models.verification import VerificationStatus
from trunks.repositories.phone_numbers import PhoneNumbers
from trunks.repositories.placed_calls import CallQuotas, CallRights, PlacedCalls
from trunks.repositories.trunks import Trunks, owned
from trunks.rules.call_limits import OF_ENVIRONMENT, OF_NUMBER, free_at, may_be_called, recent
from trunks.rules.phone_numbers import key_of
from trunks.runs.calls.wish import CallWish
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller

_NO_COUNTRY = (
    "Your environment may call no country: it has no phone number, and none was named for it. Add a number of the "
    "trunk's, or have whoever runs this service name countries."
)


@dataclass(frozen=True, slots=True)
class CallRequests:
    database: Database
    clock: Clock

    def ask(
        self,
        caller: Caller,
        trunk_id: UUID,
        wish: CallWish,
        *,
        call_id: UUID | None = None,
        request_id: str | None = None,
    ) -> PlacedCall:
        """Queue a call; one that has this id already is the one, and is not made again.

        Raises TrunkNotFound, CallsNotAllowed, NumberNotAllowed, CallerNotYours, CallInProgress, CallLimitReached; a
        call that is refused counts in no limit.
        """
        with self.database.write() as session:
            trunk = owned(Trunks(session).locked(trunk_id), caller.environment_id)
            made = None if call_id is None else PlacedCalls(session).of(trunk_id, call_id)
            if made is not None:
                return made
            wish = _judged(session, caller, trunk_id, wish)
            if PlacedCalls(session).is_open(trunk_id):
                raise CallInProgress
            now = self.clock()
            _count(session, caller.environment_id, wish.called, now)
            call = PlacedCall(
                id=call_id or new_id(),
                environment_id=caller.environment_id,
                trunk_id=trunk.id,
                status=VerificationStatus.QUEUED,
                called=wish.called,
                caller=wish.caller,
                asked=wish.kept(),
                requested_at=now,
                request_id=request_id,
            )
            PlacedCalls(session).add(call)
            return call

    def allowed(self, caller: Caller) -> bool:
        """Whether this environment may make test calls at all."""
        with self.database.read() as session:
            return CallRights(session).of(caller.environment_id)[0]

    def get(self, caller: Caller, trunk_id: UUID, call_id: UUID) -> PlacedCall:
        """Look a call up. Raises TrunkNotFound, CallNotFound."""
        with self.database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            found = PlacedCalls(session).of(trunk_id, call_id)
            if found is None:
                raise CallNotFound
            return found

    def page(
        self, caller: Caller, trunk_id: UUID, *, limit: int, before: UUID | None = None
    ) -> Sequence[PlacedCall]:
        """List a trunk's calls, newest first. Raises TrunkNotFound."""
        with self.database.read() as session:
            Trunks(session).get(caller.environment_id, trunk_id)
            return PlacedCalls(session).page(trunk_id, limit=limit, before=before)

    def done_among(self, ids: Collection[UUID]) -> set[UUID]:
        """Which of these calls nobody has to wait for: done, or gone with their trunks."""
        with self.database.read() as session:
            return set(ids) - PlacedCalls(session).open_among(ids)


def _judged(session: Session, caller: Caller, trunk_id: UUID, wish: CallWish) -> CallWish:
    """Judge whom it is for and who calls; the number as it would be written, in every form that may be tried."""
    allowed, named = CallRights(session).of(caller.environment_id)
    if not allowed:
        raise CallsNotAllowed
    countries = may_be_called(
        (named or "").split(), CallRights(session).countries_of_numbers(caller.environment_id)
    )
    if not countries:
        raise NumberNotAllowed(_NO_COUNTRY)
    try:
        called = read_number(wish.called, countries)
    except NumberRefused as fault:
        raise NumberNotAllowed(str(fault)) from None
    forms = tuple(NumberFormat) if wish.format is None else (wish.format,)
    written = [write_number(called, form) for form in forms]
    if all(each.refusal is not None for each in written):
        raise NumberNotAllowed(str(written[0].refusal))
    return replace(wish, called=called, caller=_caller(session, trunk_id, wish.caller))


def _caller(session: Session, trunk_id: UUID, given: str | None) -> str | None:
    """Who is to stand in From: a number of the trunk's in E.164, or None for its user."""
    if given is None:
        return PhoneNumbers(session).callers_of([trunk_id]).get(trunk_id)
    key = key_of(given)
    if not PhoneNumbers(session).has_line(trunk_id, key):
        raise CallerNotYours(
            f"{given[:40]!r} is no number of this trunk; add it to the trunk, or leave from out to call as its first "
            "number or as its user."
        )
    return key


def _count(session: Session, environment_id: UUID, called: str, now: datetime) -> None:
    """Count the call, or say until when there are enough. Whose calls a number had is nobody else's to know."""
    whose, whom = f"environment:{environment_id}", f"number:{called}"
    quotas = CallQuotas(session).locked((whose, whom), now)
    for key, limits, sentence in (
        (whose, OF_ENVIRONMENT, "Your environment has made ten test calls in a quarter of an hour"),
        (whom, OF_NUMBER, "This number was called often enough for tests (3 times an hour, 10 times a day)"),
    ):
        moments = [datetime.fromisoformat(each) for each in quotas[key].called_at]
        free = free_at(moments, limits, now)
        if free is not None:
            seconds = (free - now).total_seconds()
            raise CallLimitReached(f"{sentence}; the next may be made in {seconds:.0f} s.", seconds)
    for quota in quotas.values():
        moments = recent([datetime.fromisoformat(each) for each in quota.called_at], now)
        quota.called_at = [each.isoformat() for each in (*moments, now)]
        quota.last_at = now
