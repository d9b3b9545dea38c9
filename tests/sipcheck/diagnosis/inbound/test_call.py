"""INVITEs as people paste them, read for what the infrastructure looks at."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcheck.diagnosis.inbound.call import (
    IncomingCall,
    InviteInvalid,
    SourceInvalid,
    read_invite,
    read_source,
)

SOURCE = "203.0.113.7"
WHOLE = """INVITE sip:+14155551234@sip.platform.example:5060;transport=udp SIP/2.0\r
Via: SIP/2.0/UDP 203.0.113.7:5060;branch=z9hG4bK1\r
From: "Someone" <sip:+442071234567@203.0.113.7:5060;user=phone>;tag=1\r
To: <sip:+14155551234@sip.platform.example>\r
Call-ID: 1\r
CSeq: 1 INVITE\r
Content-Length: 4\r
\r
v=0\r
"""


def invite(to: str, *, from_: str = "<sip:1@h>", uri: str = "sip:2@p", line_end: str = "\n") -> str:
    return line_end.join((f"INVITE {uri} SIP/2.0", f"From: {from_}", f"To: {to}", ""))


def test_a_whole_invite_is_read() -> None:
    assert read_invite(WHOLE, SOURCE) == IncomingCall(
        called="+14155551234",
        source_ip=SOURCE,
        request_uri_user="+14155551234",
        caller="+442071234567",
        from_host="203.0.113.7",
    )


@pytest.mark.parametrize(
    ("to", "called"),
    [
        ("<sip:+14155551234@p>", "+14155551234"),
        ("sip:+14155551234@p;tag=1", "+14155551234"),
        ('"A <b>" <sip:%2B14155551234@p>', "%2B14155551234"),
        ("<sip:+14155551234;npdi;rn=+14155550000@p;user=phone>", "+14155551234;npdi;rn=+14155550000"),
        ("<tel:+14155551234>", "tel:+14155551234"),
        ("<sips:1000@p>", "1000"),
        ("<sip:1000:secret@p>", "1000"),
        ("<sip:platform.example>", ""),
        ("<sip:(415)555-1234@p>", "(415)555-1234"),
        ("<sip:Agent@[2001:db8::1]:5060>", "Agent"),
    ],
)
def test_tos_user_is_taken_as_it_is_written(to: str, called: str) -> None:
    assert read_invite(invite(to), SOURCE).called == called


@pytest.mark.parametrize(
    ("from_", "host"),
    [
        ("<sip:1@203.0.113.7>", "203.0.113.7"),
        ("<sip:1@203.0.113.7:5061;transport=tls>;tag=x", "203.0.113.7"),
        ("<sip:1@[2001:db8::7]:5060>", "2001:db8::7"),
        ("<sip:sip.carrier.example>", "sip.carrier.example"),
        ("<tel:+442071234567>", None),
    ],
)
def test_froms_host_is_read(from_: str, host: str | None) -> None:
    assert read_invite(invite("<sip:2@p>", from_=from_), SOURCE).from_host == host


@pytest.mark.parametrize(
    "text",
    [
        invite("<sip:2@p>", line_end="\r\n"),
        "    " + invite("<sip:2@p>").replace("\n", "\n    "),
        "\n\n" + invite("<sip:2@p>") + "\n\nv=0",
        invite("<sip:2@p>").replace("To:", "t:").replace("From:", "f :"),
        invite("<sip:2@p>").replace("From: ", "From:\n "),
    ],
)
def test_what_a_log_makes_of_an_invite_is_read_all_the_same(text: str) -> None:
    assert read_invite(text, SOURCE).called == "2"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no INVITE"),
        ("hello", "no INVITE"),
        ("SIP/2.0 200 OK\nFrom: <sip:1@h>\nTo: <sip:2@p>\n", "no INVITE"),
        ("OPTIONS sip:2@p SIP/2.0\nFrom: <sip:1@h>\nTo: <sip:2@p>\n", "no INVITE"),
        ("INVITE sip:2@p SIP/2.0\nFrom: <sip:1@h>\n", "To is missing"),
        ("INVITE sip:2@p SIP/2.0\nTo: <sip:1@h>\n", "From is missing"),
        (invite("<sip:2@p"), "closing angle bracket"),
        (invite("<sip:2@p>").replace("\n", "\r"), "no INVITE"),
    ],
)
def test_what_is_none_is_told_with_its_fault(text: str, told: str) -> None:
    with pytest.raises(InviteInvalid, match=told):
        read_invite(text, SOURCE)


@pytest.mark.parametrize(("text", "read"), [("203.0.113.7 ", "203.0.113.7"), ("2001:DB8::7", "2001:db8::7")])
def test_a_source_is_read(text: str, read: str) -> None:
    assert read_source(text) == read


@pytest.mark.parametrize(
    "text", ["", "sip.carrier.example", "203.0.113.7:5060", "203.0.113.0/24", "fe80::1%eth0"]
)
def test_a_source_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(SourceInvalid):
        read_source(text)


@given(st.text(max_size=300) | st.text(alphabet='INVITEsip:@<>;" \r\n\t2.0/ToFrm%', max_size=200))
def test_whatever_is_pasted_is_read_or_refused(text: str) -> None:
    with suppress(InviteInvalid):
        read_invite(text, SOURCE)
