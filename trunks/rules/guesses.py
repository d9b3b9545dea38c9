"""How many passwords of an account may be refused before it has to wait (docs/design/queue.md, "Guesses").

No carrier gets more guesses through us than a person makes who mistypes, and no tenant locks another out.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from uuid import UUID

from trunks.rules.knock import Knock
from trunks.rules.visitor import Visitor

GUESS_WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class GuessRule:
    """At most so many refused passwords within the window, of those that are a visitor's by what `whose` tells.

    What is in flight counts as refused, so that several workers at once let no more through; where `counts_others` it
    does only behind a first refusal, since whoever enters many trunks with right passwords is no guesser.
    """

    most: int
    whose: Callable[[Visitor | Knock], object]
    spares_proven: bool = False
    counts_others: bool = False


RULES = (
    GuessRule(3, attrgetter("account_key", "environment_id")),
    GuessRule(10, attrgetter("account_key"), spares_proven=True),
    GuessRule(20, attrgetter("environment_id"), counts_others=True),
)


@dataclass(frozen=True, slots=True)
class Guesses:
    """Whether a password may go to an address: at `retry_at` at the earliest, or once others are done, if `busy`."""

    retry_at: datetime | None = None
    busy: bool = False


class GuessCount:
    """The refused passwords at one address, and those in flight, counted once for all who ask in a turn."""

    def __init__(self, knocks: Iterable[Knock], now: datetime) -> None:
        self._now = now
        self._standing: defaultdict[object, list[datetime]] = defaultdict(list)
        self._in_flight: Counter[object] = Counter()
        for knock in knocks:
            self.add(knock)

    def add(self, knock: Knock) -> None:
        if not knock.refused or knock.at <= self._now - GUESS_WINDOW:
            return
        flies = knock.in_flight(self._now)
        for number, rule in enumerate(RULES):
            whose = number, rule.whose(knock)
            if flies:
                self._in_flight[whose] += 1
                self._in_flight[whose, knock.claim_id] += 1
            else:
                self._standing[whose] += [knock.at] * knock.refused

    def judge(self, visitor: Visitor, claim_id: UUID | None = None) -> Guesses:
        """Say what stands against a visitor; what is in flight of a claim is his own."""
        judged = [
            self._judge(rule, (number, rule.whose(visitor)), claim_id)
            for number, rule in enumerate(RULES)
            if not (rule.spares_proven and visitor.proven)
        ]
        return Guesses(
            retry_at=max((each.retry_at for each in judged if each.retry_at is not None), default=None),
            busy=any(each.busy for each in judged),
        )

    def _judge(self, rule: GuessRule, whose: object, claim_id: UUID | None) -> Guesses:
        standing = self._standing.get(whose, ())
        if len(standing) >= rule.most:
            return Guesses(retry_at=sorted(standing)[len(standing) - rule.most] + GUESS_WINDOW)
        if rule.counts_others and not standing:
            return Guesses()
        in_flight = self._in_flight[whose] - self._in_flight[whose, claim_id]
        return Guesses(busy=len(standing) + in_flight >= rule.most)


def guesses_at(visitor: Visitor, knocks: Iterable[Knock], now: datetime) -> Guesses:
    """Judge one address by the knocks that stand there."""
    return GuessCount(knocks, now).judge(visitor)
