"""Which trunk a call comes in by, as the voice infrastructure decides it.

Source: docs/design/infrastructure.md, "Inbound calls".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.diagnosis.inbound.admission import Admission, admitted
from sipcheck.diagnosis.inbound.call import IncomingCall
from sipcheck.diagnosis.inbound.standing import DispatchRule, InboundTrunk, Standing


class MatchedBy(StrEnum):
    NUMBER = "number"
    DEFAULT = "default"  # by a trunk without numbers, since none has this one
    WILDCARD_RULE = "wildcard-rule"  # by no trunk: a rule without trunks takes it


@dataclass(frozen=True, slots=True)
class Match:
    """`trunks` are those that take the call: of several none does. `rule` is where it goes then."""

    trunks: tuple[InboundTrunk, ...]
    rule: DispatchRule | None
    by: MatchedBy | None

    @property
    def is_conflict(self) -> bool:
        return len(self.trunks) > 1


def match(call: IncomingCall, standing: Standing) -> Match:
    """Find the trunk and the rule. The Request-URI is not looked at."""
    letting_in = [trunk for trunk in standing.trunks if lets_in(trunk, call)]
    having = tuple(trunk for trunk in letting_in if trunk.has(call.called))
    trunks = having or tuple(trunk for trunk in letting_in if not trunk.numbers)
    if len(trunks) > 1:
        return Match(trunks, None, None)
    rule = _rule_for(call, trunks, standing.rules)
    if not trunks:
        return Match((), rule, None if rule is None else MatchedBy.WILDCARD_RULE)
    return Match(trunks, rule, MatchedBy.NUMBER if having else MatchedBy.DEFAULT)


def lets_in(trunk: InboundTrunk, call: IncomingCall) -> bool:
    """Whether a trunk takes this caller, whatever number is called."""
    admission = admitted(call.source_ip, call.from_host, trunk.allowed_addresses)
    return admission is not Admission.NO and trunk.takes_caller(call.caller)


def _rule_for(
    call: IncomingCall, trunks: Sequence[InboundTrunk], rules: Sequence[DispatchRule]
) -> DispatchRule | None:
    """Find a rule; one that names the trunk goes before those that name none."""
    taking = [rule for rule in rules if rule.takes(call.called, call.caller)]
    ids = {trunk.id for trunk in trunks}
    own = [rule for rule in taking if ids & set(rule.trunk_ids)]
    others = [rule for rule in taking if not rule.trunk_ids]
    return next(iter(own or others), None)
