"""What peers' guards may count against us, kept by address over all workers (docs/design/queue.md, "Knocks").

A run that may cost something *reserves* the worst of it when it is admitted, under the lock of the address's bucket;
*settled* with its result it is what was seen, which is nothing for a run that proved its account. What a crash leaves
is a reservation whose lease ends: it stands whole.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from trunks.repositories.knocks import Knocks
from trunks.rules.guesses import GUESS_WINDOW, GuessCount
from trunks.rules.knock import Knock
from trunks.rules.knock_limits import DAY, Rest, rest_of
from trunks.rules.visitor import Visitor
from trunks.runs.knock_book import KnockBook

# How soon a run looks again that only others in flight keep back.
LOOK_SECONDS = 0.25
# OPTIONS and REGISTER without the password.
ASKED_AT_WORST = 2
# The password refused, which counts twice where the user is unknown.
PASSWORD_AT_WORST = 2
WORST_OF_A_RUN = ASKED_AT_WORST + PASSWORD_AT_WORST
# How long behind its time an environment that waits keeps its turn.
_TURN_KEPT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a run sends nothing now: its account waits, or the address rests; else others in flight decide, of its own
    account where that is said.
    """

    frozen_until: datetime | None = None
    resting_until: datetime | None = None
    of_account: bool = False


FREE = Hold()
BUSY = Hold()
ACCOUNT_BUSY = Hold(of_account=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run came to at one address: countable requests, refused passwords, and how many requests had no answer."""

    address: str
    weight: int = 0
    refused: int = 0
    silent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A run at its addresses: `worst` is what it may cost at each, which it reserves by its claim."""

    claim_id: UUID
    lease_until: datetime
    visitor: Visitor
    worst: Mapping[str, int]

    def at_worst(self, *, password_left: bool = True) -> list[Seen]:
        """What stands of a run that nobody heard of."""
        if self.visitor.proven:
            return []
        refused = int(self.visitor.knows_password and password_left)
        spared = PASSWORD_AT_WORST if self.visitor.knows_password and not password_left else 0
        return [Seen(address, weight - spared, refused) for address, weight in self.worst.items()]


@dataclass(frozen=True, slots=True)
class Settlement:
    """A run's end in the ledger; `began_at` is when its turn came, by the loop's clock."""

    claim_id: UUID
    visitor: Visitor
    seen: Sequence[Seen]
    began_at: float | None = None


class LedgerTurn:
    """The ledger in one admission, whose transaction has the addresses' buckets locked."""

    def __init__(self, session: Session, book: KnockBook, now: datetime) -> None:
        self._rows = Knocks(session)
        self._book = book
        self._now = now
        self._at: dict[str, list[Knock]] = {}
        self._guesses: dict[str, GuessCount] = {}
        self._waiting: dict[str, set[UUID]] | None = None
        self._reserved: list[Knock] = []
        self._resting: dict[tuple[str, UUID], datetime] = {}
        self._served: set[tuple[str, UUID | None]] = set()
        self._narrow: set[str] = set()

    def begin(self, visits: Iterable[Visit]) -> None:
        """Read what stands where these would go."""
        known = list(visits)
        self._at = {address: [] for visit in known for address in visit.worst}
        if self._at:
            limited = any(
                self._book.limits(address) is not None
                for visit in known
                if not visit.visitor.proven
                for address in visit.worst
            )
            since = self._now - (DAY if limited else GUESS_WINDOW)
            for knock in self._rows.at(self._at.keys(), since):
                self._at[knock.address].append(knock)
            self._guesses = {address: GuessCount(found, self._now) for address, found in self._at.items()}

    def hold(self, visit: Visit) -> Hold | None:
        """Say what stands against a run; None when it may begin."""
        return self._frozen(visit) or self._rest(visit)

    def reserve(self, visit: Visit) -> None:
        """Enter the worst that a run may cost."""
        for seen in visit.at_worst():
            if not seen.refused and self._book.limits(seen.address) is None:
                continue
            turn = (seen.address, visit.visitor.environment_id)
            if turn[1] in self._waits(seen.address):
                self._served.add(turn)
            knock = replace(
                _knock(visit.visitor, seen, self._now),
                claim_id=visit.claim_id,
                lease_until=visit.lease_until,
            )
            self._at[seen.address].append(knock)
            self._guesses[seen.address].add(knock)
            self._reserved.append(knock)

    def at_once(self, address: str) -> int:
        """How many have an address at once that bears no more of them; nought where another may begin."""
        if address not in self._narrow:
            return 0
        return len({knock.claim_id for knock in self._at[address] if knock.in_flight(self._now)})

    def end(self) -> None:
        """Write what was reserved, and who waits."""
        self._rows.enter(self._reserved)
        self._rows.served(self._served)
        self._rows.wait(self._resting)

    def _frozen(self, visit: Visit) -> Hold | None:
        if not visit.visitor.knows_password:
            return None
        judged = [self._guesses[address].judge(visit.visitor, visit.claim_id) for address in visit.worst]
        frozen = [each.retry_at for each in judged if each.retry_at is not None]
        if frozen:
            return Hold(frozen_until=max(frozen))
        return ACCOUNT_BUSY if any(each.busy for each in judged) else None

    def _rest(self, visit: Visit) -> Hold | None:
        if visit.visitor.proven:
            return None
        found = {address: self._rest_at(address, visit) for address in visit.worst}
        self._narrow |= {address for address, rest in found.items() if rest.busy or rest.lone}
        until = max((rest.until for rest in found.values() if rest.until is not None), default=None)
        if until is not None:
            self._keep_turn(visit, until)
            return Hold(resting_until=until)
        if any(rest.busy for rest in found.values()):
            return BUSY
        others_first = any(rest.lone and self._less_used(address, visit) for address, rest in found.items())
        return BUSY if others_first else None

    def _rest_at(self, address: str, visit: Visit) -> Rest:
        limits = self._book.limits(address)
        if limits is None:
            return Rest()
        knocks = self._others(address, visit)
        worst = visit.worst[address]
        rest = rest_of(knocks, limits, self._now, worst=worst, next_worst=WORST_OF_A_RUN)
        if rest.until is None and not rest.busy:
            return rest
        grown = self._book.grown(self._rows, address, self._now) or limits
        return rest_of(knocks, grown, self._now, worst=worst, next_worst=WORST_OF_A_RUN)

    def _less_used(self, address: str, visit: Visit) -> bool:
        """Whether another environment waits for the address that has used less of it."""
        own = visit.visitor.environment_id
        used: dict[UUID | None, int] = {}
        for knock in self._at[address]:
            used[knock.environment_id] = used.get(knock.environment_id, 0) + knock.weight
        return any(other != own and used.get(other, 0) < used.get(own, 0) for other in self._waits(address))

    def _waits(self, address: str) -> set[UUID]:
        """Who waits is asked only where something stands that is limited."""
        if self._book.limits(address) is None or not any(knock.weight for knock in self._at[address]):
            return set()
        if self._waiting is None:
            self._waiting = self._rows.waiting(self._at.keys(), self._now)
        return self._waiting.get(address, set())

    def _keep_turn(self, visit: Visit, until: datetime) -> None:
        environment_id = visit.visitor.environment_id
        if environment_id is not None:
            self._resting |= {(address, environment_id): until + _TURN_KEPT for address in visit.worst}

    def _others(self, address: str, visit: Visit) -> list[Knock]:
        """A trunk's further gateways are asked by the same run."""
        return [knock for knock in self._at[address] if knock.claim_id != visit.claim_id]


def stood(session: Session, addresses: Sequence[str], now: datetime) -> list[int]:
    """How many knocks stand at each of these addresses in the last 24 hours."""
    found = Knocks(session).stood(set(addresses), now - DAY, now)
    return [found.get(address, 0) for address in addresses]


def release_passwords(session: Session, claim_ids: Sequence[UUID]) -> None:
    """Give back what lost runs reserved for their passwords, which surely did not leave."""
    if claim_ids:
        Knocks(session).without_password(claim_ids, PASSWORD_AT_WORST)


def settle(session: Session, settlements: Sequence[Settlement], now: datetime) -> None:
    """Put what was seen in the place of what was reserved."""
    rows = Knocks(session)
    # What is written a second time, since nobody heard that it had been, takes the place of the first.
    changed = {each.claim_id for each in settlements if each.seen or not each.visitor.proven}
    if changed:
        rows.remove(changed)
    rows.enter(
        replace(_knock(each.visitor, seen, now), claim_id=each.claim_id)
        for each in settlements
        for seen in each.seen
        if seen.weight or seen.refused
    )


def _knock(visitor: Visitor, seen: Seen, now: datetime) -> Knock:
    return Knock(
        address=seen.address,
        environment_id=visitor.environment_id,
        account_key=visitor.account_key,
        at=now,
        weight=seen.weight,
        refused=seen.refused,
        silent=seen.silent,
    )
