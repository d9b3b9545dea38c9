"""A person sees the cause beside the reason, and the headers that say why."""

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason
from sipcheck.cli.drawing import draw_report
from tests.sipcheck.provoked.field_rows import FieldRow, scripted, verify_row

REFUSED = FieldRow(
    name="refused",
    script=scripted(register=[(423, [("Min-Expires", "3600"), ("Warning", '399 edge "too brief"')])]),
    outcome=Outcome.REACHABLE,
    reason=Reason.ALIVE_CREDENTIALS_UNPROVEN,
    cause=Cause.REFUSED_UNCHALLENGED,
    credentials=CredentialState.UNPROVEN,
    party=Party.NOBODY,
    exit_status=4,
)


async def test_the_cause_and_the_facts_are_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    report = await verify_row(REFUSED)
    draw_report(report)
    drawn = capsys.readouterr().out
    assert "REACHABLE  alive-credentials-unproven (refused-unchallenged)  in " in drawn
    edge = report.edges[0]
    facts = drawn.partition(f"What 127.0.0.1:{edge.port}/udp says of it\n")[2].partition("\n\n")[0]
    assert "Min-Expires" in facts
    assert "3600" in facts
    assert "too brief" in facts
