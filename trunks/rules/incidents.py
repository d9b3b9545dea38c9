"""When an incident begins and ends for a trunk, and what it is told as (docs/design/people.md, "Incidents")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from trunks.rules.trunk_state import Cause

# A carrier that falls again so soon has one incident.
REOPENS_WITHIN = timedelta(minutes=15)
# Trunks whose runs fail one by one belong together where they fail so close to one another.
FALLS_TOGETHER = timedelta(minutes=5)
# Of others an environment hears only where so many are concerned.
FEWEST_ENVIRONMENTS = 5


class IncidentKind(StrEnum):
    """Health falls for all trunks of a destination; a verdict for each by itself."""

    HEALTH = "health"
    VERDICT = "verdict"


class Turn(StrEnum):
    FELL = "fell"
    RECOVERED = "recovered"
    EDITED = "edited"
    SWITCHED_OFF = "switched-off"


_OBSERVED = frozenset({Cause.HEALTH, Cause.PROOF, Cause.VERIFICATION})


def turn_of(cause: Cause, changes: Mapping[str, Sequence[Any]]) -> tuple[Turn, IncidentKind | None] | None:
    """What a flip is for incidents; None for one that begins and ends nothing. Only a fall has a kind."""
    if changes.get("health_down", (None, None))[1] is True:
        return Turn.FELL, IncidentKind.HEALTH
    if changes.get("is_verified") == [True, False]:
        return (Turn.FELL, IncidentKind.VERDICT) if cause in _OBSERVED else (Turn.EDITED, None)
    if changes.get("health_down") == [True, False]:
        return (Turn.RECOVERED, None) if cause in _OBSERVED else (Turn.EDITED, None)
    if changes.get("is_verified") == [False, True]:
        return Turn.RECOVERED, None
    if changes.get("wanted") == [True, False]:
        return Turn.SWITCHED_OFF, None
    return None


def rounded(count: int) -> int:
    """Round to one digit that counts, so that nobody is told by difference."""
    digits = len(str(count))
    step: int = 10 ** max(1, digits - 1)
    return max(step, round(count / step) * step)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was observed to be otherwise than before."""

    what: str
    before: str
    after: str
    sentence: str


def cause_of(
    kind: IncidentKind, domain: str, reason: str | None, opened_at: datetime, silent_since: datetime | None
) -> str:
    """Say in one sentence what was observed."""
    why = "" if reason is None else f" ({reason})"
    if kind is IncidentKind.HEALTH:
        return f"{domain} has not answered our checks since {utc(silent_since or opened_at)}{why}."
    return f"A trunk at {domain} that was verified failed its verification at {utc(opened_at)}{why}."


def changes_found(certificate_ended_at: datetime | None, opened_at: datetime) -> tuple[Change, ...]:
    """List what was found to have changed before; none is nothing found."""
    if certificate_ended_at is None or certificate_ended_at > opened_at:
        return ()
    ended = utc(certificate_ended_at)
    return (Change("certificate", "valid", "expired", f"A certificate of the carrier ended at {ended}."),)


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
