"""The tolerances of docs/design/sip.md requirement 26, and where they end (RFC 3261 §7, §18.3, §20)."""

import pytest

from sipcheck.errors import MalformedMessage, NotSip
from sipcheck.message.cseq import CSeq
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse, top_branch

REGISTER = (
    b"REGISTER sip:example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKnashds7\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Bob" <sip:bob@example.com>;tag=456248\r\n'
    b"To: <sip:bob@example.com>\r\n"
    b"Call-ID: 843817637684230@998sdasdh09\r\n"
    b"CSeq: 1826 REGISTER\r\n"
    b"Content-Length: 0\r\n"
    b"\r\n"
)
UNAUTHORIZED = (
    b"SIP/2.0 401 Unauthorized\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport=5062;received=192.0.2.9;branch=z9hG4bKnashds7\r\n"
    b'From: "Bob" <sip:bob@example.com>;tag=456248\r\n'
    b"To: <sip:bob@example.com>;tag=37GkEhwl6\r\n"
    b"Call-ID: 843817637684230@998sdasdh09\r\n"
    b"CSeq: 1826 REGISTER\r\n"
    b'WWW-Authenticate: Digest realm="one, two", nonce="a"\r\n'
    b'WWW-Authenticate: Digest realm="three", nonce="b", algorithm=SHA-256\r\n'
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"body"
)


def changed(old: bytes, new: bytes, message: bytes = UNAUTHORIZED) -> bytes:
    assert message.count(old) == 1
    return message.replace(old, new)


def without(name: bytes, message: bytes = UNAUTHORIZED) -> bytes:
    lines = message.split(b"\r\n")
    kept = [line for line in lines if not line.startswith(name + b":")]
    assert len(kept) < len(lines)
    return b"\r\n".join(kept)


def response(data: bytes) -> Response:
    message = parse(data)
    assert isinstance(message, Response)
    return message


def test_a_response() -> None:
    message = response(UNAUTHORIZED)
    assert (message.status, message.phrase) == (401, "Unauthorized")
    assert message.body == b"body"
    assert message.defects == ()
    assert [via.branch for via in message.vias] == ["z9hG4bKnashds7"]
    assert (message.vias[0].received, message.vias[0].rport) == ("192.0.2.9", 5062)
    assert message.call_id == "843817637684230@998sdasdh09"
    assert message.cseq == CSeq(1826, "REGISTER")
    assert (message.from_tag, message.to_tag) == ("456248", "37GkEhwl6")
    assert message.headers.get_all("WWW-Authenticate") == (
        'Digest realm="one, two", nonce="a"',
        'Digest realm="three", nonce="b", algorithm=SHA-256',
    )


def test_a_request() -> None:
    message = parse(REGISTER)
    assert isinstance(message, Request)
    assert (message.method, message.uri) == ("REGISTER", "sip:example.com")
    assert (message.from_tag, message.to_tag) == ("456248", None)
    assert message.vias[0].wants_rport
    assert message.defects == ()


TOLERATED = [
    pytest.param(UNAUTHORIZED.replace(b"\r\n", b"\n"), "bare-lf", id="bare LF everywhere"),
    pytest.param(changed(b"CSeq: 1826 REGISTER\r\n", b"CSeq: 1826 REGISTER\n"), "bare-lf", id="one bare LF"),
    pytest.param(changed(b"\r\n\r\n", b"\r\n\n"), "bare-lf", id="a bare LF as the empty line"),
    pytest.param(changed(b"CSeq: 1826 ", b"CSeq: 1826\r\n\t "), "folded-header", id="folded by a tab"),
    pytest.param(changed(b"From: ", b"From:\r\n "), "folded-header", id="folded before the value"),
    pytest.param(changed(b"Via: ", b"v: "), "compact-name", id="compact Via"),
    pytest.param(changed(b"Content-Length: ", b"L:"), "compact-name", id="compact Content-Length"),
    pytest.param(changed(b"CSeq:", b"CSeq \t:"), "space-before-colon", id="space before the colon"),
    pytest.param(changed(b"401 Unauthorized", b"401"), "missing-reason-phrase", id="no phrase, no space"),
    pytest.param(changed(b"401 Unauthorized", b"401 "), "missing-reason-phrase", id="an empty phrase"),
    pytest.param(
        changed(b"UDP 192.0.2.1:5060;", b"UDP 2001:db8::9;"), "unbracketed-ipv6", id="bare IPv6 in sent-by"
    ),
    pytest.param(UNAUTHORIZED + b"\0\0", "surplus-bytes", id="surplus in the datagram (§18.3)"),
    pytest.param(changed(b"SIP/2.0 401", b"sip/2.0 401"), "lower-case-version", id="lower case (§7.1)"),
    pytest.param(changed(b"SIP/2.0 401", b"SIP/2.0  401"), "start-line-whitespace", id="two spaces"),
    pytest.param(changed(b"SIP/2.0 401", b"SIP/2.0\t401"), "start-line-whitespace", id="a tab"),
    pytest.param(b"\r\n\r\n" + UNAUTHORIZED, "leading-line-end", id="line ends in front (§7.5)"),
    pytest.param(changed(b"CSeq:", b"no header at all\r\nCSeq:"), "unreadable-header", id="no colon"),
    pytest.param(changed(b"CSeq:", b"a b: c\r\nCSeq:"), "unreadable-header", id="no token"),
    pytest.param(changed(b"CSeq:", b"\xe9: c\r\nCSeq:"), "unreadable-header", id="a name that is not ASCII"),
    pytest.param(
        changed(b"CSeq:", b"Content-Length: 4\r\nCSeq:"),
        "repeated-content-length",
        id="the same length twice",
    ),
]


@pytest.mark.parametrize(("data", "defect"), TOLERATED)
def test_what_is_tolerated_is_recorded_and_read_alike(data: bytes, defect: str) -> None:
    message = response(data)
    assert message.defects == (defect,)
    assert (message.status, message.body) == (401, b"body")
    assert message.vias[0].branch == top_branch(data) == "z9hG4bKnashds7"
    assert message.cseq == CSeq(1826, "REGISTER")
    assert (message.from_tag, message.to_tag) == ("456248", "37GkEhwl6")
    assert len(message.headers.get_all("WWW-Authenticate")) == 2


@pytest.mark.parametrize(
    ("line", "defect"),
    [
        (b"REGISTER  sip:example.com\tSIP/2.0", "start-line-whitespace"),
        (b"REGISTER sip:example.com SIP/2.0 ", "start-line-whitespace"),
        (b"REGISTER sip:example.com Sip/2.0", "lower-case-version"),
    ],
)
def test_sloppy_request_lines(line: bytes, defect: str) -> None:
    message = parse(changed(b"REGISTER sip:example.com SIP/2.0", line, REGISTER))
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.defects) == ("REGISTER", "sip:example.com", (defect,))


def test_a_header_that_ends_with_the_datagram_is_read_when_its_last_line_is_whole() -> None:
    assert response(without(b"Content-Length")[: -len(b"\r\nbody")]).defects == ("missing-empty-line",)


def test_several_defects_are_all_recorded() -> None:
    data = changed(b"CSeq: 1826 ", b"CSeq :\n 1826 ") + b"more"
    assert set(response(data).defects) == {"space-before-colon", "bare-lf", "folded-header", "surplus-bytes"}


def test_a_datagram_without_content_length_ends_its_body() -> None:
    """RFC 3261 §18.3, §20.14: no defect."""
    message = response(without(b"Content-Length"))
    assert (message.body, message.defects) == (b"body", ())


def test_a_second_message_in_a_datagram_is_surplus() -> None:
    """RFC 4475 §3.1.1.8."""
    message = parse(REGISTER + UNAUTHORIZED)
    assert isinstance(message, Request)
    assert (message.body, message.defects) == (b"", ("surplus-bytes",))


def test_two_vias_are_read_and_left_to_the_transaction() -> None:
    """RFC 3261 §8.1.3.3: the discard is the client's."""
    data = changed(b"branch=z9hG4bKnashds7\r\n", b"branch=a\r\nv: SIP/2.0/TCP b, SIP/2.0/UDP c;branch=d\r\n")
    assert [via.branch for via in parse(data).vias] == ["a", None, "d"]


def test_an_unknown_header_may_hold_anything() -> None:
    message = parse(changed(b"CSeq:", b'X-Odd: \xff\xfe \0 :;,<"\r\nCSeq:'))
    assert message.headers.get("X-Odd") == '\udcff\udcfe \0 :;,<"'
    assert message.defects == ()


@pytest.mark.parametrize("realm", [b"caf\xe9", "café".encode(), b"\xff\xc0\x80", b'a\\"b'])
def test_the_realm_survives_as_its_own_bytes(realm: bytes) -> None:
    """RFC 7616 §3.4.2: the realm is hashed as it came."""
    value = parse(changed(b"one, two", realm)).headers.get("WWW-Authenticate")
    assert value is not None
    assert value.encode("utf-8", "surrogateescape") == b'Digest realm="' + realm + b'", nonce="a"'


NOT_SIP = [
    b"",
    b"\r\n\r\n",
    b"\0\0\0\0",
    b" ",
    b"SIP",
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"RTSP/1.0 200 OK\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"220 mail.example.com ESMTP\r\n",
    b"\x15\x03\x01\x00\x02\x02\x0a",
    b"INVITE sip:a@b\r\n\r\n",
    b"INVITE SIP/2.0\r\n\r\n",
    b" REGISTER sip:a SIP/2.0\r\n\r\n",
    b"\xff\xfe sip:a SIP/2.0\r\n\r\n",
    "ſip/2.0 200 OK\r\n\r\n".encode(),
    "REGISTER sip:a ſip/2.0\r\n\r\n".encode(),
    b"Via: SIP/2.0/UDP a;branch=z9hG4bKa\r\n\r\n",
    b" " + UNAUTHORIZED,
]


@pytest.mark.parametrize("data", NOT_SIP)
def test_what_does_not_start_as_sip(data: bytes) -> None:
    with pytest.raises(NotSip):
        parse(data)


def test_what_is_not_sip_is_not_quoted() -> None:
    """docs/design/sip.md hazard 3: tenants get a reason, never bytes of an answer that was not SIP."""
    with pytest.raises(NotSip) as caught:
        parse(b"220 internal-host ESMTP\r\n")
    assert "internal" not in str(caught.value)


MALFORMED = [
    pytest.param(b"SIP/2.0 200 OK", "header", id="a status line alone"),
    pytest.param(b"SIP/2.0 200 OK\r\n\r\n", "Via", id="no header field at all"),
    pytest.param(b"SIP/", "status", id="the first four bytes"),
    pytest.param(changed(b"SIP/2.0 401", b"SIP/3.0 401"), "status", id="another version"),
    pytest.param(changed(b"401", b"099"), "status", id="a code below 100"),
    pytest.param(changed(b"401", b"700"), "status", id="a code above 699"),
    pytest.param(changed(b"401", b"40"), "status", id="two digits"),
    pytest.param(changed(b"401", b"4010"), "status", id="four digits"),
    pytest.param(changed(b"401", "４01".encode()), "status", id="a digit that is not ASCII"),
    pytest.param(changed(b"401 Un", b"401Un"), "status", id="no space after the code"),
    pytest.param(without(b"Via"), "no Via", id="no Via"),
    pytest.param(without(b"From"), "From", id="no From"),
    pytest.param(without(b"To"), "To", id="no To"),
    pytest.param(without(b"Call-ID"), "Call-ID", id="no Call-ID"),
    pytest.param(without(b"CSeq"), "CSeq", id="no CSeq"),
    pytest.param(changed(b"Via: SIP", b"Via: XIP"), "Via", id="an unreadable Via"),
    pytest.param(changed(b"bKnashds7", b"bKnashds7,"), "Via", id="an empty second Via"),
    pytest.param(
        changed(b"Call-ID: 843817637684230@998sdasdh09", b"Call-ID:"), "Call-ID", id="empty Call-ID"
    ),
    pytest.param(changed(b"CSeq: ", b"CSeq: 1 REGISTER\r\nCSeq: "), "CSeq", id="two CSeq"),
    pytest.param(changed(b"To: ", b"t: <sip:a>\r\nTo: "), "To", id="two To"),
    pytest.param(changed(b"1826 ", b"2147483648 "), "CSeq", id="a CSeq of 2**31 (§8.1.1.5)"),
    pytest.param(changed(b"To: <sip:bob@example.com>", b"To: <sip:bob"), "To", id="an open bracket"),
    pytest.param(changed(b"Length: 4", b"Length: 5"), "4 bytes of body", id="a short body (§18.3)"),
    pytest.param(changed(b"Length: 4", b"Length: 999999999999999999999"), "Length", id="an absurd length"),
    pytest.param(changed(b"Length: 4", b"Length: -1"), "Length", id="a negative length"),
    pytest.param(changed(b"Length: 4", b"Length: four"), "Length", id="a length in words"),
    pytest.param(changed(b"Length: 4", b"Length:"), "Length", id="an empty length"),
    pytest.param(changed(b"Length: 4", b"Length: 4\r\nl: 0"), "differ", id="two different lengths"),
    pytest.param(changed(b"1826 REGISTER\r", b"1826 REGISTER\r\r"), "carriage return", id="a bare CR"),
    pytest.param(
        changed(b"Unauthorized\r\n", b"Unauthorized\r\n more\r\n"), "folded", id="a folded start line"
    ),
    pytest.param(UNAUTHORIZED[: UNAUTHORIZED.index(b" REGISTER")], "inside its header", id="cut short"),
    pytest.param(changed(b"CSeq: 1826 REG", b"CSeq: 1826 INV", REGISTER), "method", id="another method"),
    pytest.param(
        changed(b"com SIP/2.0", b"com SIP/2.1", REGISTER), "version", id="a request of another version"
    ),
    pytest.param(changed(b"sip:example.com ", b"<sip:example.com> ", REGISTER), "URI", id="brackets"),
    pytest.param(
        changed(b"sip:example.com ", b"sip:a; lr ", REGISTER), "URI", id="a space in the Request-URI"
    ),
]


@pytest.mark.parametrize(("data", "words"), MALFORMED)
def test_what_starts_as_sip_and_cannot_be_used(data: bytes, words: str) -> None:
    with pytest.raises(MalformedMessage, match=words):
        parse(data)


@pytest.mark.parametrize(
    ("data", "branch"),
    [
        (REGISTER, "z9hG4bKnashds7"),
        (b"\r\n\r\n" + REGISTER, "z9hG4bKnashds7"),
        (changed(b"Via: ", b"Subject: a;branch=b\r\nv \t:\r\n ", REGISTER), "z9hG4bKnashds7"),
        (changed(b"rport;branch", b"rport;\r\n BRANCH", REGISTER), "z9hG4bKnashds7"),
        (changed(b";branch=", b";branch = ", REGISTER), "z9hG4bKnashds7"),
        (changed(b";branch=", b';x="a,b;branch=c";branch=', REGISTER), "z9hG4bKnashds7"),
        (changed(b";branch=z9hG4bKnashds7", b", SIP/2.0/UDP b;branch=c", REGISTER), None),
        (changed(b";branch=z9hG4bKnashds7", b";branch", REGISTER), None),
        (changed(b";branch=z9hG4bKnashds7", b";branch=", REGISTER), None),
        (without(b"Via", REGISTER), None),
        (without(b"Via", UNAUTHORIZED) + b"\r\nVia: SIP/2.0/UDP a;branch=in-the-body\r\n", None),
        (b"", None),
        (b"Via: SIP/2.0/UDP a;branch=b\r\n", None),
        (b"\xff\n\xff", None),
    ],
)
def test_top_branch(data: bytes, branch: str | None) -> None:
    assert top_branch(data) == branch


def test_the_branch_of_a_message_cut_anywhere_is_whole_or_absent() -> None:
    """RFC 3261 §18.4: an ICMP error quotes as much of the request as it likes."""
    found = [top_branch(REGISTER[:length]) for length in range(len(REGISTER))]
    assert set(found) == {None, "z9hG4bKnashds7"}
    assert found.index("z9hG4bKnashds7") == REGISTER.index(b"nashds7\r\n") + len(b"nashds7\r")


@pytest.mark.parametrize("received", [b"2001:db8::9", b"[2001:db8::9]"])
def test_received_is_read_with_and_without_brackets(received: bytes) -> None:
    """RFC 5118 §4.5: none is right, and some send them."""
    response = parse(changed(b"received=192.0.2.9", b"received=" + received))
    assert response.vias[0].received == "2001:db8::9"
    assert response.defects == ()
