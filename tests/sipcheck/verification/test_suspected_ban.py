"""Silence behind knocks is perhaps a ban, and says what was counted; the verdict stays as it is."""

from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, TransportName
from sipcheck.verification.suspected_ban import KNOCKS_OF_A_BAN, suspect_ban
from tests.peers.ports import free_port
from tests.sipcheck.provoked.claims import assert_claims
from tests.sipcheck.provoked.field_rows import SILENT_SECONDS, FieldRow, Place, scripted, verify_row

OURS = "192.0.2.7"
SILENT = FieldRow(
    name="silent",
    script=lambda _: [],
    options={"timeout_seconds": SILENT_SECONDS},
    outcome=Outcome.FAILED,
    reason=Reason.NO_RESPONSE,
    credentials=CredentialState.UNPROVEN,
    party=Party.NETWORK,
    exit_status=1,
)
REFUSING = replace(
    SILENT, name="refusing", script=None, scene=lambda _: Place(target=f"127.0.0.1:{free_port()}")
)


@pytest.mark.parametrize("row", [SILENT, REFUSING], ids=str)
async def test_silence_and_icmp_behind_knocks_may_be_a_ban(row: FieldRow) -> None:
    report = await verify_row(row)
    assert report.cause is not Cause.BANNED_PERHAPS
    assert suspect_ban(report, knocks_before=KNOCKS_OF_A_BAN - 1, our_address=OURS) is report
    suspected = suspect_ban(report, knocks_before=7, our_address=OURS)
    assert suspected.cause is Cause.BANNED_PERHAPS
    assert "7 of our requests may have counted there as an attack" in suspected.summary
    assert OURS in suspected.advice
    assert_claims(suspected)
    unchanged = replace(report, cause=Cause.BANNED_PERHAPS)
    words = {"summary": suspected.summary, "advice": suspected.advice, "sentences": suspected.sentences}
    assert suspected == replace(unchanged, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "row",
    [
        replace(REFUSING, transport=TransportName.TCP),
        replace(SILENT, script=scripted(register=[(403, [])])),
    ],
    ids=str,
)
async def test_what_no_guard_does_is_no_ban(row: FieldRow) -> None:
    report = await verify_row(row)
    assert suspect_ban(report, knocks_before=9, our_address=OURS) is report
