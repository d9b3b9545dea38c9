"""The headers that say why: in the edge's facts, and a redirect's Contact in the advice (RFC 3261 §20)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pytest

from sipcheck import Cause, CredentialState, Outcome, Party, Reason, Report, TransportName
from tests.peers.udp_peer import Reply
from tests.sipcheck.provoked.field_rows import (
    FieldRow,
    assert_row,
    challenge,
    on_each_path,
    scripted,
    verify_row,
)

Headers = Sequence[tuple[str, str]]


def row(
    name: str,
    reason: Reason,
    outcome: Outcome,
    party: Party,
    *,
    status: int,
    headers: Headers,
    facts: Mapping[str, str],
    options: bool = False,
    credentials: CredentialState = CredentialState.UNPROVEN,
    cause: Cause | None = None,
    says: tuple[str, ...] = (),
    never_says: tuple[str, ...] = (),
) -> FieldRow:
    """REGISTER, or OPTIONS with no credentials, is answered so."""
    exits = {Outcome.VERIFIED: 0, Outcome.FAILED: 1, Outcome.INCONCLUSIVE: 3, Outcome.REACHABLE: 4}
    script = (
        scripted(options=status, options_headers=headers, register=[None])
        if options
        else scripted(register=[(status, headers)])
    )
    return FieldRow(
        name=name,
        script=script,
        outcome=outcome,
        reason=reason,
        cause=cause,
        credentials=CredentialState.NOT_TESTED if options else credentials,
        party=party,
        exit_status=exits[outcome],
        options={"credentials": None} if options else {},
        says=says,
        never_says=never_says,
        facts=facts,
    )


UNPROVEN = (Reason.ALIVE_CREDENTIALS_UNPROVEN, Outcome.REACHABLE, Party.NOBODY)
REDIRECTED = (Reason.SIP_REDIRECTED, Outcome.REACHABLE, Party.CONFIGURATION)
UNAVAILABLE = (Reason.SIP_SERVICE_UNAVAILABLE, Outcome.INCONCLUSIVE, Party.CARRIER)
REFUSED = Cause.REFUSED_UNCHALLENGED
ROWS = on_each_path(
    row(
        "a-redirect-names-its-contact",
        *REDIRECTED,
        status=302,
        headers=[("Contact", "<sip:edge2.carrier.test:5080>")],
        facts={"Contact": "<sip:edge2.carrier.test:5080>"},
        cause=Cause.SERVER_NAMED,
        says=("to edge2.carrier.test:5080.",),
    ),
    row(
        "a-redirect-with-two-contacts-in-compact-form",
        *REDIRECTED,
        status=301,
        headers=[("m", "<sip:a.test>"), ("M", "<sip:b.test>;q=0.5")],
        facts={"Contact": "<sip:a.test>, <sip:b.test>;q=0.5"},
        cause=Cause.SERVER_NAMED,
        says=("to a.test or b.test.",),
    ),
    row(
        "a-redirect-without-contact",
        *REDIRECTED,
        status=305,
        headers=[],
        facts={},
        says=("and does not say where",),
        never_says=("named",),
    ),
    row(
        "a-warning-beside-403",
        *UNPROVEN,
        status=403,
        headers=[("warning", '399 sbc "Source not on ACL"'), ("X-Twilio-Error", "32202 Bad address")],
        facts={"Warning": '399 sbc "Source not on ACL"', "X-Twilio-Error": "32202 Bad address"},
        cause=REFUSED,
    ),
    row(
        "a-reason-beside-480",
        *UNPROVEN,
        status=480,
        headers=[("REASON", 'Q.850;cause=20;text="Subscriber absent"'), ("Retry-After", "60")],
        facts={"Reason": 'Q.850;cause=20;text="Subscriber absent"', "Retry-After": "60"},
        cause=REFUSED,
    ),
    row(
        "min-expires-beside-423",
        *UNPROVEN,
        status=423,
        headers=[("Min-Expires", "3600")],
        facts={"Min-Expires": "3600"},
        cause=REFUSED,
    ),
    row(
        "allow-beside-405",
        *UNPROVEN,
        status=405,
        headers=[("Allow", "INVITE, ACK, BYE"), ("Allow", "OPTIONS")],
        facts={"Allow": "INVITE, ACK, BYE, OPTIONS"},
        cause=REFUSED,
    ),
    row(
        "a-reason-of-the-vendor-beside-503",
        *UNAVAILABLE,
        status=503,
        headers=[("X-Reject-Reason", "calls\x1b[31m per second"), ("Retry-After", "30 (soon)")],
        facts={"X-Reject-Reason": "calls\ufffd[31m per second", "Retry-After": "30 (soon)"},
    ),
    row(
        "unsupported-beside-420",
        Reason.SIP_BAD_REQUEST,
        Outcome.INCONCLUSIVE,
        Party.OURS,
        status=420,
        headers=[("Unsupported", "path, outbound")],
        facts={"Unsupported": "path, outbound"},
        options=True,
    ),
    row(
        "a-warning-beside-200",
        Reason.ALIVE,
        Outcome.VERIFIED,
        Party.NOBODY,
        status=200,
        headers=[("Warning", '301 edge "Incompatible"'), ("Allow", "INVITE"), ("Contact", "<sip:x.test>")],
        facts={"Warning": '301 edge "Incompatible"'},
        options=True,
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_row_and_its_verdict(row: FieldRow, reports: Mapping[str, Report | Exception]) -> None:
    assert_row(row, reports[str(row)])
    report = reports[str(row)]
    assert isinstance(report, Report)
    assert report.edges[0].facts == row.facts  # and no more: what stands in every answer says nothing
    assert list(report.edges[0].facts) == list(row.facts)


def echo(request: bytes) -> Iterable[bytes | Reply]:
    """Repeat the digest response in a header, as a debugging peer does."""
    digest = request.partition(b'response="')[2][:32].decode()
    answer = (403, [("X-Auth-Error", digest)]) if digest else (401, [challenge()])
    return scripted(register=[answer])(request)


@pytest.mark.parametrize(("transport", "windowed"), [("udp", False), ("udp", True), ("tcp", False)])
async def test_a_secret_that_is_echoed_in_a_header_is_redacted(transport: str, windowed: bool) -> None:
    report = await verify_row(
        replace(ROWS[0], script=echo, transport=TransportName(transport), windowed=windowed)
    )
    assert report.edges[0].facts == {"X-Auth-Error": "<redacted>"}
