"""INVITEs and what is said of them: the trunk that takes the call, or why each does not, and what would mend it."""

import pytest

from sipcheck.diagnosis.inbound.explain import explain
from sipcheck.diagnosis.inbound.reasons import InboundReason
from sipcheck.diagnosis.inbound.sentences import SAID
from tests.sipcheck.diagnosis.inbound.situations import FOREIGN, OTHER, OWN, SITUATIONS, Situation


def test_there_are_enough_of_them() -> None:
    assert len(SITUATIONS) >= 60
    assert len({each.name for each in SITUATIONS}) == len(SITUATIONS)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_an_invite_is_explained(situation: Situation) -> None:
    explained = explain(situation.call, situation.standing, {OWN, OTHER})
    assert (explained.matched, explained.by) == (situation.matched, situation.by)
    assert tuple((each.trunk_id, each.reason) for each in explained.findings) == situation.reasons
    assert FOREIGN not in repr(explained)
    for finding in explained.findings:
        assert finding.sentence.endswith(".")
        assert "{" not in finding.sentence + (finding.change or "")
    if situation.change is not None:
        assert situation.change in (explained.findings[-1].change or "")


def test_each_reason_is_met_by_one_but_what_the_pure_function_cannot_know() -> None:
    met = {reason for each in SITUATIONS for _, reason in each.reasons}
    assert set(InboundReason) - met == {InboundReason.NOT_PROVISIONED}
    assert {reason for reason, _ in SAID} == set(InboundReason)


@pytest.mark.parametrize(("reason", "variant"), SAID)
def test_what_keeps_a_call_out_names_the_change(reason: InboundReason, variant: str) -> None:
    said = SAID[reason, variant]
    assert said.sentence.endswith(".")
    assert said.change.endswith(".") or (said.change == "" and reason is InboundReason.PASSWORD_ASKED)
