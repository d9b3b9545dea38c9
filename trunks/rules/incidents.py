"""When an incident begins and ends for a trunk, and what it is told as (docs/design/people.md, "Incidents")."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from trunks.rules.trunk_state import Cause, HealthStatus

# A carrier that falls again so soon has one incident.
REOPENS_WITHIN = timedelta(minutes=15)
# Trunks whose runs fail one by one belong together where they fail so close to one another.
FALLS_TOGETHER = timedelta(minutes=5)
# Of others an environment hears only where so many are concerned.
FEWEST_ENVIRONMENTS = 5
_NAMED_AT_MOST = 4


class IncidentKind(StrEnum):
    """Health falls for all trunks of a destination; a verdict for each by itself. A realm that is another than was
    learned takes no trunk down, and is told where several proofs of a destination find it.
    """

    HEALTH = "health"
    VERDICT = "verdict"
    REALM = "realm"


class Turn(StrEnum):
    FELL = "fell"
    RECOVERED = "recovered"
    EDITED = "edited"
    SWITCHED_OFF = "switched-off"


# A flip's word for a realm that is another than was learned: [expected, found].
REALM_CHANGED = "realm"
# So many proofs of one destination make an incident of it.
FEWEST_PROOFS = 3

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
    if cause is Cause.EDIT and changes.get("health_status", (None, None))[1] == HealthStatus.UNKNOWN:
        # All that was known is void; what it fell for may be mended.
        return Turn.EDITED, None
    if REALM_CHANGED in changes:
        return Turn.FELL, IncidentKind.REALM
    return None


def rounded(count: int) -> int:
    """Round to one digit that counts, so that nobody is told by difference."""
    digits = len(str(count))
    step: int = 10 ** max(1, digits - 1)
    return max(step, round(count / step) * step)


def cause_of(kind: IncidentKind, domains: Sequence[str], reason: str | None, since: datetime) -> str:
    """Say in one sentence what was observed."""
    why = "" if reason is None else f" ({reason})"
    several = len(set(domains)) > 1
    if kind is IncidentKind.HEALTH:
        have = "have" if several else "has"
        return f"{_listed(domains)} {have} not answered our checks since {utc(since)}{why}."
    if kind is IncidentKind.REALM:
        return f"{_listed(domains)} asks for passwords in the name of another realm since {utc(since)}{why}."
    return f"A trunk at {_listed(domains)} that was verified failed its verification at {utc(since)}{why}."


def _listed(domains: Sequence[str]) -> str:
    names = sorted(set(domains))
    more = len(names) - _NAMED_AT_MOST
    if more > 0:
        return f"{', '.join(names[:_NAMED_AT_MOST])} and {more} more"
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
