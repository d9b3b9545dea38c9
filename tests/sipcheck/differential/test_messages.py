"""Messages that we build, and ones of every valid form, read by sippy and sipmessage as we read them."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sipcheck.message.builder import build_request, build_response
from sipcheck.message.message import Request
from sipcheck.message.parser import parse
from sipcheck.target import HostPort
from tests.peers.oracles import ORACLES, differences, read_ours

TOKEN_CHARACTERS = "abcxyzABC019-.!*_+~"  # % and the quotes are below, since the oracles disagree on them
TOKENS = st.text(TOKEN_CHARACTERS, min_size=1, max_size=12)
# The last label in letters alone: sipmessage knows no other, as is tested below.
NAMES = st.from_regex(r"([a-z][a-z0-9]{0,6}(-[a-z0-9]{1,4})?\.){0,2}[a-z]{1,7}", fullmatch=True)
ADDRESSES = st.sampled_from(["192.0.2.1", "2001:db8::1", "::1", "203.0.113.254"])
HOSTS = NAMES | ADDRESSES
PORTS = st.none() | st.integers(1, 65535)
USERS = st.text("abcXYZ019-_.!~*'()&=+$,/", min_size=1, max_size=10)
METHODS = st.sampled_from(["OPTIONS", "REGISTER", "INVITE", "ACK", "BYE", "x-strange"])
WORDS = st.text("abc XYZ.019/()", min_size=1, max_size=30).map(str.strip).filter(bool)
BRANCHES = TOKENS.map("z9hG4bK".__add__)
CSEQS = st.integers(0, 2**31 - 1)


def alike(data: bytes, oracles: Sequence[str] = tuple(ORACLES)) -> None:
    """Assert that the oracles read every field as we do."""
    ours = read_ours(data)
    for name in oracles:
        theirs = ORACLES[name](data)
        assert differences(ours, theirs) == set(), (name, ours, theirs)


@st.composite
def uris(draw: st.DrawFn) -> str:
    user = draw(st.none() | USERS)
    host = str(HostPort(draw(HOSTS), draw(PORTS)))
    scheme = draw(st.sampled_from(["sip", "sips"]))
    return f"{scheme}:{host}" if user is None else f"{scheme}:{user}@{host}"


@st.composite
def built(draw: st.DrawFn) -> bytes:
    body = draw(st.just(b"") | st.just(b"v=0\r\n"))
    headers = [("Content-Type", "application/sdp")] if body else []
    headers += [("Subject", value) for value in draw(st.lists(WORDS, max_size=2))]
    return build_request(
        method=draw(METHODS),
        uri=draw(uris()),
        transport=draw(st.sampled_from(["UDP", "TCP", "TLS"])),
        sent_by=HostPort(draw(HOSTS), draw(PORTS)),
        branch=draw(BRANCHES),
        from_uri=draw(uris()),
        from_tag=draw(TOKENS),
        to_uri=draw(uris()),
        call_id=draw(TOKENS),
        cseq=draw(CSEQS),
        user_agent=draw(WORDS),
        headers=headers,
        body=body,
    )


@given(built())
def test_requests_that_we_build(data: bytes) -> None:
    alike(data)


@given(
    built(),
    st.integers(200, 699),
    st.sampled_from(["OK", "Not here, not now", "Nicht gefunden ä"]),
    TOKENS,
    st.builds(HostPort, ADDRESSES, st.integers(1, 65535)),
    st.sampled_from([(), (("Server", "x/1"),), (("Retry-After", "5 (a while);duration=7"),)]),
)
def test_responses_that_we_build(
    request_data: bytes,
    status: int,
    phrase: str,
    tag: str,
    source: HostPort,
    headers: tuple[tuple[str, str], ...],
) -> None:
    request = parse(request_data)
    assert isinstance(request, Request)
    reply = build_response(request, status=status, phrase=phrase, to_tag=tag, source=source, headers=headers)
    # sipmessage reads no IPv6 address in `received`, as is tested below.
    alike(reply, ["sippy"] if ":" in source.host else list(ORACLES))


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """A response in any valid spelling: compact and odd-cased names, several Vias in a line, quoted names."""
    vias = [
        f"SIP/2.0/{draw(st.sampled_from(['UDP', 'TCP', 'TLS', 'SCTP']))} {HostPort(draw(HOSTS), draw(PORTS))}"
        f"{draw(st.sampled_from(['', ';rport', ';rport=5060;received=192.0.2.9']))};branch={draw(BRANCHES)}"
        for _ in range(draw(st.integers(1, 4)))
    ]
    joined = draw(st.booleans())
    display = draw(st.sampled_from(["", '"A, B" ', "Alice ", '"semi;colon" ', '"<sip:x@y>" ', '"ä" ']))
    lines = [
        *(
            (f"{draw(st.sampled_from(['Via', 'v', 'VIA']))}: {value}")
            for value in ([", ".join(vias)] if joined else vias)
        ),
        f"{draw(st.sampled_from(['From', 'f', 'fROM']))}: {display}<{draw(uris())}>;tag={draw(TOKENS)}",
        f"{draw(st.sampled_from(['To', 't']))}:{display}<{draw(uris())}>{draw(st.sampled_from(['', ';tag=x']))}",
        f"{draw(st.sampled_from(['Call-ID', 'i', 'CALL-ID']))}:   {draw(TOKENS)}@{draw(NAMES)}",
        f"CSeq: {draw(CSEQS)} {draw(METHODS)}",
        *(f"Subject: {value}" for value in draw(st.lists(WORDS, max_size=2))),
        f"{draw(st.sampled_from(['Content-Length', 'l']))}: 0",
    ]
    start = f"SIP/2.0 {draw(st.integers(100, 699))} {draw(WORDS)}"
    head, *rest = lines
    return "\r\n".join([start, head, *draw(st.permutations(rest)), "", ""]).encode()


@given(written())
def test_responses_in_any_spelling(data: bytes) -> None:
    alike(data)


def response(*lines: str, body: bytes = b"") -> bytes:
    rest = [
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx",
        "From: <sip:a@b.example>;tag=1",
        "To: <sip:a@b.example>;tag=2",
        "Call-ID: c",
        "CSeq: 1 OPTIONS",
    ]
    names = {line.partition(":")[0].strip() for line in lines}
    kept = [line for line in rest if line.partition(":")[0] not in names]
    return "\r\n".join(["SIP/2.0 200 OK", *kept, *lines, "", ""]).encode() + body


# Where an oracle is wrong: it has to go on being so, or its row goes.
@pytest.mark.parametrize(
    ("oracle", "data", "fields", "why"),
    [
        (
            "sipmessage",
            response("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%41"),
            {"top_via"},
            "§25.1 token: a % in a parameter's value is no escape",
        ),
        (
            "sipmessage",
            response("From: <sip:a@b.example>;TAG=1"),
            {"from_tag"},
            "§7.3.1: parameter names are compared without case",
        ),
        (
            "sippy",
            response("From: <sip:a@b.example>;TAG=1"),
            {"from_tag"},
            "§7.3.1: parameter names are compared without case",
        ),
        (
            "sippy",
            response("From: <sip:a@b.example> ; tag = 1"),
            {"from_tag"},
            "§25.1 SEMI and EQUAL: space may stand around them",
        ),
        (
            "sipmessage",
            response("Content-Length: 1", body=b"ab"),
            {"body"},
            "§18.3: what lies behind Content-Length is no body",
        ),
        (
            "sipmessage",
            response("Via: SIP/2.0/UDP edge.b2;branch=z9hG4bKx"),
            {"raises"},
            "§25.1 toplabel: a letter, and then digits too",
        ),
        (
            "sipmessage",
            response("Via: SIP/2.0/UDP 192.0.2.1;received=2001:db8::1;branch=z9hG4bKx"),
            {"raises"},
            "§25.1 via-received: an IPv6 address without brackets (RFC 5118 §4.5)",
        ),
        (
            "sipmessage",
            response("To:\r\n <sip:a@b.example>;tag=2"),
            {"raises"},
            "§7.3.1: a header line may be folded",
        ),
        (
            "sippy",
            response('Via: SIP/2.0/UDP 192.0.2.1;x="a,b";branch=z9hG4bKx'),
            {"raises"},
            "§25.1 quoted-string: a comma inside one parts nothing",
        ),
    ],
)
def test_where_an_oracle_is_wrong(oracle: str, data: bytes, fields: set[str], why: str) -> None:
    try:
        found = differences(read_ours(data), ORACLES[oracle](data))
    except Exception:  # noqa: BLE001 - an oracle raises anything
        found = {"raises"}
    assert found == fields, why


@given(st.text(TOKEN_CHARACTERS + "%'`", min_size=1, max_size=12))
def test_tokens_with_every_character(tag: str) -> None:
    """sippy alone: sipmessage takes a % for an escape, as above."""
    assume("%" in tag or "'" in tag or "`" in tag)
    alike(response(f"To: <sip:a@b.example>;tag={tag}"), ["sippy"])
