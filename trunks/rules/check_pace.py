"""How often a health check may be asked that a peer's guard counts (docs/design/queue.md, "Knocks").

Checks as an account that is proven at the destination are not counted, and not slowed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from trunks.rules.knock import Knock
from trunks.rules.knock_limits import DAY, KnockLimits, rest_of

# So many silent checks in a row are a fall; further silence says nothing new, neither to us nor to a guard.
FALL = 3
SILENT_SECONDS = 300.0

# Of the day's limit checks have a half, spread evenly, and a fifth for confirming what changed.
_EVEN_SHARE = 1 / 2
_CONFIRMING_SHARE = 1 / 5

# What is due is spread by a tenth to either side (trunks.rules.intervals).
_EARLY_SHARE = 0.85
_RUN_AT_WORST = 4


class CheckKind(StrEnum):
    """How a check stands in the ledger: before the id of its destination, in the place of an account."""

    EVEN = "check"
    CONFIRMING = "confirm"


@dataclass(frozen=True, slots=True)
class CheckVisit:
    """A check of a destination behind so many failures in a row, for an environment that has a trunk there, or for
    nobody.
    """

    destination_id: UUID
    environment_id: UUID | None
    failures: int

    def key(self, kind: CheckKind) -> str:
        return f"{kind}:{self.destination_id.hex}"


@dataclass(frozen=True, slots=True)
class CheckRest:
    """Whether a check may be asked now, or not before `until`.

    Asked and counted, it is asked again after `even_seconds`, unless it `may_confirm` what changed by it sooner.
    """

    kind: CheckKind
    even_seconds: float
    may_confirm: bool
    until: datetime | None = None


def check_rest(knocks: Sequence[Knock], visit: CheckVisit, limits: KnockLimits, now: datetime) -> CheckRest:
    """Judge one address by what stands there of the last 24 hours."""
    even_seconds = DAY.total_seconds() / (limits.day * _EVEN_SHARE) * _sharers(knocks, visit)
    confirmed = sum(knock.weight for knock in knocks if _is(knock, CheckKind.CONFIRMING))
    may_confirm = confirmed < limits.day * _CONFIRMING_SHARE
    kind = CheckKind.CONFIRMING if visit.failures else CheckKind.EVEN
    rest = CheckRest(kind, even_seconds, may_confirm)
    if visit.failures >= FALL:
        return rest
    until = rest_of(knocks, limits, now, worst=1, next_worst=_RUN_AT_WORST).until
    last = max((knock for knock in knocks if _is_of(knock, visit)), key=lambda each: each.at, default=None)
    if last is not None and not (may_confirm and _confirms(last, visit)):
        even_at = last.at + timedelta(seconds=even_seconds * _EARLY_SHARE)
        until = even_at if until is None else max(until, even_at)
    return CheckRest(kind, even_seconds, may_confirm, until if until is not None and until > now else None)


def next_seconds(rest: CheckRest, visit: CheckVisit, *, alive: bool, silent: bool) -> float | None:
    """After how long a check is asked again that was counted; None for its own interval."""
    if silent and visit.failures + 1 >= FALL:
        return SILENT_SECONDS
    changed = silent or (alive and visit.failures > 0)
    return None if changed and rest.may_confirm else rest.even_seconds


def _confirms(last: Knock, visit: CheckVisit) -> bool:
    """Behind a failure, and once behind what came alive again."""
    return visit.failures > 0 or _is(last, CheckKind.CONFIRMING)


def _sharers(knocks: Sequence[Knock], visit: CheckVisit) -> int:
    """Environments have equal shares of an address, and in each its destinations there."""
    even = [knock for knock in knocks if _is(knock, CheckKind.EVEN)]
    environments = {knock.environment_id for knock in even} | {visit.environment_id}
    own = {knock.account_key for knock in even if knock.environment_id == visit.environment_id}
    return len(environments) * len(own | {visit.key(CheckKind.EVEN)})


def _is(knock: Knock, kind: CheckKind) -> bool:
    return knock.account_key.startswith(f"{kind}:")


def _is_of(knock: Knock, visit: CheckVisit) -> bool:
    return knock.account_key in (visit.key(CheckKind.EVEN), visit.key(CheckKind.CONFIRMING))
