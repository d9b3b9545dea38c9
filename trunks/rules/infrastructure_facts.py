"""What calls that the infrastructure made for us say of it, and what is kept of that, as pure functions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

ADDRESSES_KEPT = timedelta(days=30)


class Answer(StrEnum):
    """YES and NO only where all calls agree."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Door(StrEnum):
    """Of the two that are open to calls: the first is their address, the second their Route."""

    FIRST = "first"
    SECOND = "second"


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A call that was asked for, to a user of its own at the first door; `routed` with a Route to the second."""

    user: str
    routed: bool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that came to a door from an address."""

    user: str
    door: Door
    source: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one check found. `route` is None where no call with a Route arrived, so that nothing was measured."""

    reaches: Answer
    route: Answer | None
    addresses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fact:
    answer: Answer
    at: datetime


@dataclass(frozen=True, slots=True)
class InfrastructureFacts:
    """What is kept. `route` counts; `route_measured` was measured since, and counts once the operator accepts it.

    `addresses` are those that calls came from, with when last.
    """

    reaches: Fact | None = None
    route: Fact | None = None
    route_measured: Fact | None = None
    addresses: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def ignores_route(self) -> bool:
        """Whether a Route is known to lead nowhere; what was never measured is taken to be obeyed."""
        return self.route is not None and self.route.answer is Answer.NO

    def called_from(self, now: datetime) -> Mapping[str, datetime]:
        """Give the addresses that calls came from lately: at least these."""
        return {each: at for each, at in sorted(self.addresses.items()) if now - at <= ADDRESSES_KEPT}


def measure(asked: Sequence[AskedCall], arrivals: Collection[Arrival]) -> Measurement:
    """Judge the calls of one check. A call that arrived at both doors, as of two nodes, agrees with nothing."""
    doors = {call.user: {each.door for each in arrivals if each.user == call.user} for call in asked}
    came = [bool(found) for found in doors.values()]
    return Measurement(
        reaches=_agreed(came),
        route=_route([doors[call.user] for call in asked if call.routed]),
        addresses=frozenset(each.source for each in arrivals),
    )


def _agreed(answers: Sequence[bool]) -> Answer:
    if not any(answers):
        return Answer.NO
    return Answer.YES if all(answers) else Answer.UNKNOWN


def _route(doors: Sequence[set[Door]]) -> Answer | None:
    if not any(doors):
        return None
    if all(found == {Door.SECOND} for found in doors):
        return Answer.YES
    return Answer.NO if all(found == {Door.FIRST} for found in doors) else Answer.UNKNOWN


def renewed(
    facts: InfrastructureFacts, found: Measurement, now: datetime, *, accept: bool
) -> InfrastructureFacts:
    """Put a newer measurement in the place of an older one; nothing was measured by calls that did not arrive.

    That a Route is no longer obeyed, as it was, counts only once it is accepted.
    """
    known = {**facts.called_from(now), **dict.fromkeys(found.addresses, now)}
    facts = replace(facts, reaches=Fact(found.reaches, now), addresses=known)
    if found.route is None:
        return facts
    measured = Fact(found.route, now)
    was_obeyed = facts.route is not None and facts.route.answer is Answer.YES
    if was_obeyed and measured.answer is not Answer.YES and not accept:
        return replace(facts, route_measured=measured)
    return replace(facts, route=measured, route_measured=None)
