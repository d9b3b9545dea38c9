"""Who asks in a health check, and what of it a peer's guard may count: pure functions (docs/design/sip.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """The account of a trunk that a check speaks as; `proven_here`: at this destination, as it is configured now."""

    trunk_id: UUID
    username: str
    proven_here: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may ask, and how often its trunk wants to be asked."""

    asker: Asker
    interval_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A check: its number at the destination, the interval that is kept there, and when the one before it was."""

    cycle: int
    now: datetime
    interval_seconds: float
    before: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How well an account is known that alone serves a destination.

    Its credentials had their turn at `tried_at`; what answers there is another since `changed_at`.
    """

    tried_at: datetime
    changed_at: datetime


def is_doubted(standing: Standing, now: datetime, *, again_after_seconds: float) -> bool:
    """Whether an account is to be proven before it asks again: what answers now may not know it.

    Where that changes all the time, it is proven once in `again_after_seconds`.
    """
    if standing.tried_at >= standing.changed_at:
        return False
    return now - standing.tried_at >= timedelta(seconds=again_after_seconds)


# These log every challenge of a REGISTER as what their filters count (docs/design/sip.md, hazard 1).
_COUNT_CHALLENGES = ("FreeSWITCH", "FusionPBX")


def counts_challenges(server: str | None) -> bool:
    """Whether a peer that names itself so counts each challenge of a REGISTER, whoever it is of."""
    return (server or "").startswith(_COUNT_CHALLENGES)


def may_be_knock(asker: Asker | None, *, by_register: bool, server: str | None) -> bool:
    """Whether a check asked as this account, or as nobody's, is one that a peer's guard may hold against us; `server`
    is what the peer named itself last.
    """
    return asker is None or not asker.proven_here or (by_register and counts_challenges(server))


def whose_turn(candidates: Sequence[Candidate], occasion: Occasion) -> Asker | None:
    """Choose who asks, one after the other; None when nobody may.

    A trunk with a longer interval than the destination's lends its name once in each interval of its own, to the first
    check in it.
    """
    willing = [each for each in candidates if _is_willing(each, occasion)]
    return willing[occasion.cycle % len(willing)].asker if willing else None


def _is_willing(candidate: Candidate, occasion: Occasion) -> bool:
    seconds = candidate.interval_seconds
    if seconds <= occasion.interval_seconds or occasion.before is None:
        return True
    return occasion.now.timestamp() // seconds != occasion.before.timestamp() // seconds


# What a carrier says to everybody alike; any other header of its answer may name who asked.
_SAID_TO_ALL = ("Server", "Retry-After")


def seen_by_all(facts: Mapping[str, str], asker: Asker | None) -> dict[str, str]:
    """What may be kept of an answer for all tenants there: of one to an account, no header that may name it."""
    if asker is None:
        return dict(facts)
    return {name: facts[name] for name in _SAID_TO_ALL if name in facts and asker.username not in facts[name]}
