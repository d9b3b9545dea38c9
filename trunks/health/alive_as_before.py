"""Checks that were answered as the ones before: nearly all, and written column by column instead of row by row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sipcheck.reasons import Reason
from trunks.health.check import CheckResult
from trunks.repositories.liveness import LivenessRows

# What stands in all their rows.
_THE_SAME: Mapping[str, Any] = {
    "claim_id": None,
    "lease_until": None,
    "asked_at": None,
    "alive": True,
    "reason": Reason.ALIVE,
    "due_since": None,
    "failures": 0,
    "held_failures": 0,
    "fell_at": None,
}


def is_as_before(result: CheckResult) -> bool:
    """Whether a scheduled check found each edge alive, and the answer is like the one before; what is kept of it is
    then no more than of the last one, with other moments.
    """
    claim = result.claim
    return (
        result.alive
        and result.reason is Reason.ALIVE
        and claim.counts
        and result.facts is None
        and result.seen is None
        and result.sip_status == claim.answer_status
        and result.address is not None
        and len(result.edge_addresses) > 0
        and claim.edge_fell_at is None
        and not claim.edge_held_failures
        and not result.is_partly_silent
    )


def keep_as_before(
    rows: LivenessRows, results: Sequence[tuple[CheckResult, datetime]], now: datetime
) -> None:
    """Write these, each with its next check."""
    if not results:
        return
    alike = [result for result, _ in results]
    rows.change_together(
        {
            "destination_id": [each.claim.destination_id for each in alike],
            "next_check_at": [next_check_at for _, next_check_at in results],
            "latency_ms": [each.latency_ms for each in alike],
            "sip_status": [each.sip_status for each in alike],
            "some_dead": [each.some_dead for each in alike],
            "address": [each.address for each in alike],
            "edge_addresses": [addresses_text(each) for each in alike],
        },
        {**_THE_SAME, "checked_at": now, "answered_at": now},
    )


def addresses_text(result: CheckResult) -> str:
    """The addresses that it led to, as they are kept."""
    addresses = result.edge_addresses
    return addresses[0] if len(addresses) == 1 else " ".join(sorted(addresses))
