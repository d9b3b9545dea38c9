"""Which trunk takes a call, and for each trunk that does not why, with the change that would make it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sipcheck.diagnosis.inbound.admission import Admission, admitted
from sipcheck.diagnosis.inbound.call import IncomingCall
from sipcheck.diagnosis.inbound.match import Match, MatchedBy, match
from sipcheck.diagnosis.inbound.numbers import other_form
from sipcheck.diagnosis.inbound.reasons import InboundReason
from sipcheck.diagnosis.inbound.sentences import say
from sipcheck.diagnosis.inbound.standing import DispatchRule, InboundTrunk, Standing
from sipcheck.report.printable import one_line

_MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one trunk; `trunk_id` is null for what is about none of those that are asked about."""

    trunk_id: str | None
    reason: InboundReason
    sentence: str
    change: str | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """`matched` is the trunk that takes the call, where it is one of those that are asked about."""

    matched: str | None
    by: MatchedBy | None
    findings: tuple[Finding, ...]


def explain(call: IncomingCall, standing: Standing, about: Collection[str]) -> Explanation:
    """Explain to whom the trunks in `about` belong, by their ids; nothing is told of others but that they are there."""
    found = match(call, standing)
    asked = [trunk for trunk in standing.trunks if trunk.id in about]
    taking = {trunk.id for trunk in found.trunks}
    of_none = _of_none(found, about)
    findings = [
        finding
        for trunk in asked
        for finding in (
            _of_taking(trunk, call, found, standing, about) if trunk.id in taking else _obstacles(trunk, call)
        )
    ]
    takes = len(found.trunks) == 1 and found.rule is not None
    matched = found.trunks[0].id if takes and found.trunks[0].id in about else None
    by = found.by if matched is not None or found.by is MatchedBy.WILDCARD_RULE else None
    return Explanation(matched, by, (*of_none, *findings))


def _of_none(found: Match, about: Collection[str]) -> Iterable[Finding]:
    """What is told of no trunk that is asked about."""
    if found.by is MatchedBy.WILDCARD_RULE:
        yield _finding(None, InboundReason.WILDCARD_RULE)
    elif found.trunks and not any(trunk.id in about for trunk in found.trunks):
        yield _finding(None, InboundReason.ANOTHER_TRUNK)


def _of_taking(
    trunk: InboundTrunk, call: IncomingCall, found: Match, standing: Standing, about: Collection[str]
) -> Iterable[Finding]:
    if found.is_conflict:
        others = [each.id for each in found.trunks if each is not trunk]
        own = [each for each in others if each in about]
        variants = ["default"] if not trunk.numbers else []
        yield _finding(
            trunk,
            InboundReason.CONFLICT,
            "-".join(variants if own else [*variants, "foreign"]),
            called=_shown(call.called),
            others=_listed(own),
        )
        return
    if found.rule is None:
        yield _no_rule(trunk, call, standing.rules)
    if admitted(call.source_ip, call.from_host, trunk.allowed_addresses) is Admission.BY_FROM_HOST:
        yield _finding(
            trunk,
            InboundReason.MATCHED_BY_FROM_HOST,
            host=_shown(call.from_host or ""),
            source=call.source_ip,
        )
    if trunk.asks_password:
        yield _finding(trunk, InboundReason.PASSWORD_ASKED)


def _no_rule(trunk: InboundTrunk, call: IncomingCall, rules: Collection[DispatchRule]) -> Finding:
    own = [rule for rule in rules if trunk.id in rule.trunk_ids]
    variant = ""
    if any(rule.numbers and call.called not in rule.numbers for rule in own):
        variant = "other-number"
    elif own:
        variant = "other-caller"
    return _finding(
        trunk,
        InboundReason.NO_DISPATCH_RULE,
        variant,
        called=_shown(call.called),
        caller=_shown(call.caller or ""),
    )


def _obstacles(trunk: InboundTrunk, call: IncomingCall) -> Iterable[Finding]:
    """Everything that keeps a call from this trunk, in the order in which a person would mend it."""
    if trunk.numbers and not trunk.has(call.called):
        yield _number_fault(trunk, call)
    if not trunk.takes_caller(call.caller):
        yield _finding(trunk, InboundReason.CALLER_NOT_ALLOWED, caller=_shown(call.caller or "nobody"))
    if admitted(call.source_ip, call.from_host, trunk.allowed_addresses) is Admission.NO:
        yield _finding(
            trunk,
            InboundReason.SOURCE_NOT_ALLOWED,
            source=call.source_ip,
            entries=_listed(trunk.allowed_addresses),
        )


def _number_fault(trunk: InboundTrunk, call: IncomingCall) -> Finding:
    called = _shown(call.called)
    if call.request_uri_user is not None and trunk.has(call.request_uri_user):
        number = next(each for each in trunk.numbers if trunk.has(each) and _is(each, call.request_uri_user))
        return _finding(
            trunk,
            InboundReason.NUMBER_IN_REQUEST_URI_ONLY,
            number=number,
            called=called if call.called else "nobody",
        )
    if not call.called:
        return _finding(trunk, InboundReason.CALLED_NUMBER_DIFFERS, "empty", number=_listed(trunk.numbers))
    number_meant = other_form(call.called, trunk.numbers)
    if number_meant is not None:
        return _finding(
            trunk, InboundReason.CALLED_NUMBER_DIFFERS, "other-form", called=called, number=number_meant
        )
    return _finding(trunk, InboundReason.CALLED_NUMBER_DIFFERS, called=called, numbers=_listed(trunk.numbers))


def _is(number: str, other: str) -> bool:
    return InboundTrunk(id="", numbers=(number,)).has(other)


def _finding(
    trunk: InboundTrunk | None, reason: InboundReason, variant: str = "", **observed: str
) -> Finding:
    said = say(reason, variant, **observed)
    return Finding(None if trunk is None else trunk.id, reason, said.sentence, said.change or None)


def _shown(text: str) -> str:
    return one_line(text)


def _listed(texts: Collection[str]) -> str:
    shown = [_shown(text) for text in list(texts)[:_MOST_SHOWN]]
    more = len(texts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
