"""When a rejected password is kept from calls, and when it is tried again: pure functions
(docs/design/infrastructure.md).

The voice infrastructure sends a wrong password five times with each call, which carriers ban. One that was proven
before may also be right still, and its carrier in trouble: then it is left where it is.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

# After the first rejection, for credentials that were proven before.
TRIED_AFTER = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# So long others may be rejected at the same address, which speaks for the carrier's trouble.
DECIDED_AFTER = timedelta(minutes=15)
LATELY = timedelta(hours=1)
# So many accounts that were proven before are no coincidence.
ACCOUNTS_OF_A_BAD_HOUR = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedPassword:
    """`address` is where it was rejected, `decide_at` when it is decided whether calls are kept from sending it; None
    once they are. `try_at` is when it is tried again by schedule, after so many `tries`.
    """

    generation: int
    address: str
    was_proven: bool
    first_at: datetime
    rejected_at: datetime
    decide_at: datetime | None
    try_at: datetime | None = None
    tries: int = 0
    is_withheld: bool = False


def rejected(
    before: RejectedPassword | None, *, generation: int, address: str, was_proven: bool, now: datetime
) -> RejectedPassword:
    """Take a rejection of a trunk's current credentials; those of a former generation say nothing of these."""
    if before is not None and before.generation == generation:
        return replace(before, address=address, rejected_at=now)
    return RejectedPassword(
        generation=generation,
        address=address,
        was_proven=was_proven,
        first_at=now,
        rejected_at=now,
        decide_at=now + DECIDED_AFTER if was_proven else now,
        try_at=now + TRIED_AFTER[0] if was_proven else None,
    )


def decided(each: RejectedPassword, rejected_lately: int, now: datetime) -> RejectedPassword:
    """Decide; `rejected_lately` accounts that were proven before were rejected at its address within the hour, this one
    with them.
    """
    if each.was_proven and rejected_lately >= ACCOUNTS_OF_A_BAD_HOUR:
        # Decided anew once it was tried again, or the hour is over.
        again = max(each.try_at or now, now + LATELY)
        return replace(each, is_withheld=False, decide_at=again + DECIDED_AFTER)
    return replace(each, is_withheld=True, decide_at=None)


def tried(each: RejectedPassword) -> RejectedPassword:
    """Note that a try is on its way, and when the next one is due."""
    tries = each.tries + 1
    later = each.first_at + TRIED_AFTER[tries] if tries < len(TRIED_AFTER) else None
    return replace(each, tries=tries, try_at=later)
