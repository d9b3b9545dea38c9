"""How many passwords of an account may be refused before it has to wait (docs/design/queue.md, "Guesses").

No carrier gets more guesses through us than a person makes who mistypes, and no tenant locks another out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

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


def guesses_at(visitor: Visitor, knocks: Iterable[Knock], now: datetime) -> Guesses:
    """Judge one address by the knocks that stand there."""
    counted = [knock for knock in knocks if knock.refused and knock.at > now - GUESS_WINDOW]
    judged = [
        _judge(rule, [knock for knock in counted if rule.whose(knock) == rule.whose(visitor)], now)
        for rule in RULES
        if not (rule.spares_proven and visitor.proven)
    ]
    return Guesses(
        retry_at=max((each.retry_at for each in judged if each.retry_at is not None), default=None),
        busy=any(each.busy for each in judged),
    )


def _judge(rule: GuessRule, knocks: Sequence[Knock], now: datetime) -> Guesses:
    standing = sorted(knock.at for knock in knocks if not knock.in_flight(now) for _ in range(knock.refused))
    if len(standing) >= rule.most:
        return Guesses(retry_at=standing[len(standing) - rule.most] + GUESS_WINDOW)
    in_flight = len(knocks) - sum(not knock.in_flight(now) for knock in knocks)
    if rule.counts_others and not standing:
        return Guesses()
    return Guesses(busy=len(standing) + in_flight >= rule.most)
