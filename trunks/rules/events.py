"""Which events a change of state makes, and what each says (docs/design/people.md, "Messages"): pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sipcheck.reasons import CredentialState
from trunks.rules.trunk_state import HealthStatus


class EventType(StrEnum):
    VERIFIED = "trunk.verified"
    UNVERIFIED = "trunk.unverified"
    DOWN = "trunk.down"
    RECOVERED = "trunk.recovered"
    DEGRADED = "trunk.degraded"
    CREDENTIALS_REJECTED = "trunk.credentials_rejected"
    CERTIFICATE_EXPIRING = "trunk.certificate_expiring"
    PROVISIONING_FAILED = "trunk.provisioning_failed"
    REROUTED = "trunk.rerouted"
    FINISHED = "verification.finished"
    TEST = "webhook.test"


# An endpoint that names no events gets these.
USUAL_EVENTS = tuple(each for each in EventType if each not in (EventType.FINISHED, EventType.TEST))
CHOOSABLE_EVENTS = tuple(each for each in EventType if each is not EventType.TEST)

# (field, from, to) of a flip; None is whatever it was.
_FROM_TO: tuple[tuple[EventType, str, Any, Any], ...] = (
    (EventType.VERIFIED, "is_verified", False, True),
    (EventType.UNVERIFIED, "is_verified", True, False),
    (EventType.DOWN, "health_down", False, True),
    (EventType.RECOVERED, "health_down", True, False),
    (EventType.DEGRADED, "health_status", HealthStatus.HEALTHY, HealthStatus.DEGRADED),
    (EventType.RECOVERED, "health_status", HealthStatus.DEGRADED, HealthStatus.HEALTHY),
    (EventType.CREDENTIALS_REJECTED, "credentials", None, CredentialState.REJECTED),
    (EventType.PROVISIONING_FAILED, "provisioning", None, "failed"),
    (EventType.REROUTED, "outbound_edge", None, None),
)

# Of the events that something is wrong, what was observed is said.
SAYING_WHY = frozenset(
    {
        EventType.UNVERIFIED,
        EventType.DOWN,
        EventType.DEGRADED,
        EventType.CREDENTIALS_REJECTED,
        EventType.FINISHED,
    }
)

_STATE = ("is_verified", "is_active", "health_status")


def events_of(changes: Mapping[str, Sequence[Any]]) -> tuple[EventType, ...]:
    """Name the events of a flip, given as {field: [old, new]}, each once, in one order."""
    found = [
        event
        for event, field, old, new in _FROM_TO
        if field in changes and old in (None, changes[field][0]) and new in (None, changes[field][1])
    ]
    return tuple(dict.fromkeys(found))


def states_after(
    now: Mapping[str, Any], flips: Sequence[Mapping[str, Sequence[Any]]]
) -> list[dict[str, Any]]:
    """Give what a trunk was behind each of its last flips, oldest first, going back from what it is now."""
    state = {field: now[field] for field in _STATE}
    states = []
    for changes in reversed(flips):
        states.append(dict(state))
        state |= {field: changes[field][0] for field in _STATE if field in changes}
    return states[::-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """What an event says beside the trunk's state; what does not apply is None, and left out."""

    trunk_id: UUID
    name: str
    reason: str | None = None
    cause: str | None = None
    party: str | None = None
    summary: str | None = None
    advice: str | None = None
    verification_id: UUID | None = None
    certificate_expires_at: datetime | None = None


def event_body(
    event: EventType, at: datetime, facts: EventFacts, state: Mapping[str, Any], sequence: int
) -> dict[str, Any]:
    """Make the message that is signed and sent."""
    expires_at = facts.certificate_expires_at
    data = {
        "trunk_id": str(facts.trunk_id),
        "name": facts.name,
        **{field: state[field] for field in _STATE},
        "reason": facts.reason,
        "cause": facts.cause,
        "party": facts.party,
        "summary": facts.summary,
        "advice": facts.advice,
        "certificate_expires_at": None if expires_at is None else written(expires_at),
        "sequence": sequence,
        "verification_id": None if facts.verification_id is None else str(facts.verification_id),
    }
    told = {field: value for field, value in data.items() if value not in (None, "")}
    return {"type": event.value, "timestamp": written(at), "data": told}


def written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
