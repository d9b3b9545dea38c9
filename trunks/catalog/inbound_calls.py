"""Which of a tenant's trunks a call comes in by, and why not: what stands is read, and the tenant's own is told."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sipcheck.diagnosis.inbound.call import IncomingCall
from sipcheck.diagnosis.inbound.explain import Explanation, Finding, explain
from sipcheck.diagnosis.inbound.numbers import are_equal, other_form
from sipcheck.diagnosis.inbound.reasons import InboundReason
from sipcheck.diagnosis.inbound.sentences import say
from sipcheck.diagnosis.inbound.standing import Standing
from trunks.errors import CalledNumberNotFound
from trunks.repositories.inbound_lines import InboundLine, InboundLines
from trunks.rules.phone_numbers import key_of
from trunks.store.database import Database
from trunks.tenancy.tenants import Caller

# Nobody reads more.
_MOST_TRUNKS = 20


@dataclass(frozen=True, slots=True)
class CalledTrunks:
    """The tenant's trunks that a call may be meant for, by their ids, with their inbound sides'."""

    call: IncomingCall
    trunks: tuple[InboundLine, ...]

    @property
    def side_ids(self) -> frozenset[str]:
        return frozenset(each.inbound_id for each in self.trunks if each.inbound_id is not None)

    def explain(self, standing: Standing) -> Explanation:
        """Explain by what stands; the tenant's sides go by their trunks' ids.

        Whether others have a number is told of none but the tenant's own.
        """
        standing = self._to_be_told(standing)
        named = {each.inbound_id: str(each.trunk_id) for each in self.trunks if each.inbound_id is not None}
        renamed = Standing(
            trunks=tuple(replace(each, id=named.get(each.id, each.id)) for each in standing.trunks),
            rules=tuple(
                replace(each, trunk_ids=tuple(named.get(side, side) for side in each.trunk_ids))
                for each in standing.rules
            ),
        )
        explained = explain(self.call, renamed, frozenset(named.values()))
        there = {each.id for each in standing.trunks}
        missing = tuple(_not_provisioned(each) for each in self.trunks if each.inbound_id not in there)
        return replace(explained, findings=(*explained.findings, *missing))

    def _to_be_told(self, standing: Standing) -> Standing:
        if any(are_equal(each.number, self.call.called) for each in self.trunks):
            return standing
        shown = (each for each in standing.trunks if not each.numbers or each.id in self.side_ids)
        return replace(standing, trunks=tuple(shown))


@dataclass(frozen=True, slots=True)
class InboundCalls:
    database: Database

    def called(self, caller: Caller, call: IncomingCall) -> CalledTrunks:
        """Find whom a call may be meant for. Raises CalledNumberNotFound where that is nobody of this tenant's."""
        with self.database.read() as session:
            lines = InboundLines(session).of_environment(caller.environment_id)
        meant = {line.trunk_id: line for line in reversed(_meant(lines, call))}
        if not meant:
            raise CalledNumberNotFound
        return CalledTrunks(call, tuple(list(meant.values())[:_MOST_TRUNKS]))


def _meant(lines: Sequence[InboundLine], call: IncomingCall) -> list[InboundLine]:
    """Find the lines that To means; where it means none, those that the Request-URI names."""
    users = [call.called] if call.request_uri_user is None else [call.called, call.request_uri_user]
    for user in users:
        for rule in (_is_called, _looks_called):
            if found := [line for line in lines if user and rule(line.number, user)]:
                return found
    return []


def _is_called(number: str, user: str) -> bool:
    return are_equal(number, user) or key_of(number) == key_of(user)


def _looks_called(number: str, user: str) -> bool:
    return other_form(user, [number]) is not None


def _not_provisioned(line: InboundLine) -> Finding:
    variant = "" if line.wanted and line.inbound_enabled else "off" if not line.wanted else "inbound-off"
    said = say(InboundReason.NOT_PROVISIONED, variant)
    return Finding(str(line.trunk_id), InboundReason.NOT_PROVISIONED, said.sentence, said.change)
