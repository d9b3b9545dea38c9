"""What is kept of a check's answer at its destination, or of there being none: the values of its row."""

from datetime import datetime
from typing import Any

from trunks.health.check import CheckResult
from trunks.models.destination_health import SERVER_CHARACTERS
from trunks.rules.asking import seen_by_all
from trunks.rules.destination_facts import DestinationFacts, read_facts
from trunks.rules.what_changed import Failure


def values_of_answer(result: CheckResult, now: datetime) -> dict[str, Any]:
    """What is to be kept of an answer, or of there being none: nothing, while it is like the one before."""
    claim, status = result.claim, result.sip_status
    server = seen_by_all(result.facts or {}, claim.asker).get("Server", "")[:SERVER_CHARACTERS] or None
    values: dict[str, Any] = {}
    if status != claim.answer_status:
        values["answer_status"] = status
    if server not in (None, claim.answer_server):
        values["answer_server"] = server
    if status is None or not values:
        return values
    was_silent = claim.answer_status is None and claim.failures > 0
    if (
        was_silent
        or ("answer_status" in values and claim.answer_status is not None)
        or ("answer_server" in values and claim.answer_server is not None)
    ):
        values["changed_at"] = now
    return values


def values_of_good(result: CheckResult) -> dict[str, Any]:
    """What an answer showed, where it is not what the one before did."""
    if result.seen is None:
        return {}
    # What was not seen this time stays: DNS that answered in part, no certificate over UDP.
    before = result.claim.good
    kept = {**(before or {}), **result.seen.kept()}
    return {} if kept == before else {"good": kept}


def first_failure(result: CheckResult, now: datetime) -> Failure:
    claim = result.claim
    seen_by = seen_by_all(result.facts or {}, claim.asker)
    return Failure(
        at=now,
        reason=result.reason.value,
        cause=None if result.cause is None else result.cause.value,
        answered_at=claim.answered_at,
        before=read_facts(claim.good),
        after=result.seen or DestinationFacts(),
        server_before=claim.answer_server,
        server_after=seen_by.get("Server", "")[:SERVER_CHARACTERS] or None,
        latency_ms=claim.latency_ms,
        asked_edges=len(result.edges),
        call_ids=result.call_ids,
    )
