"""Whatever the bytes: nothing but the parse error, and no undue work (docs/design/sip.md, requirement 25)."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sipcheck.auth.authorization import authorization, read_authorization
from sipcheck.auth.challenge import choose
from sipcheck.errors import ParseError
from sipcheck.failure import Failure
from sipcheck.message.builder import build_request, build_response
from sipcheck.message.framing import StreamFramer
from sipcheck.message.message import Request, Response
from sipcheck.message.parser import parse, top_branch
from sipcheck.target import HostPort

LINES = [
    b"SIP/2.0 401 Unauthorized\r\n",
    b"OPTIONS sip:a@b SIP/2.0\r\n",
    b"Via: SIP/2.0/UDP [::1]:5060;rport;branch=z9hG4bKa\r\n",
    b"v: SIP/2.0/TCP a;received=::1, SIP/2.0/UDP b\r\n",
    b'From: "a, b" <sip:a@b>;tag=1\r\n',
    b"t: sip:a@b;tag=2\r\n",
    b"Call-ID: c\r\n",
    b"CSeq: 1 OPTIONS\r\n",
    b"CSeq :\r\n 00002 OPTIONS\r\n",
    b'WWW-Authenticate: Digest realm="\xe9", nonce="x"\r\n',
    b"Retry-After: 5 (a)\r\n",
    b"Content-Length: 3\r\n",
    b"l:0\n",
    b"\r\n",
    b"\n",
    b"body",
]
PIECES = [*LINES, b'"', b"\\", b"<", b">", b",", b";", b"=", b"[", b":", b" ", b"\t", b"\r", b"\0", b"\xff"]


def attempt(data: bytes) -> Request | Response | None:
    try:
        return parse(data)
    except ParseError:
        return None


def check(data: bytes) -> None:
    message = attempt(data)
    branch = top_branch(data)
    if message is None:
        return
    assert message.vias[0].branch == branch
    assert message.headers.get("Call-ID") == message.call_id
    if isinstance(message, Response):
        assert message.retry_after_seconds is None or message.retry_after_seconds >= 0
        return
    source = HostPort("2001:db8::7", 5071)
    answer = attempt(build_response(message, status=200, phrase="OK", to_tag="t", source=source))
    assert isinstance(answer, Response)
    assert (answer.call_id, answer.cseq, answer.from_tag) == (message.call_id, message.cseq, message.from_tag)
    assert answer.to_tag == (message.to_tag if message.to_tag is not None else "t")
    assert [via.branch for via in answer.vias] == [via.branch for via in message.vias]
    if message.vias[0].wants_rport:
        assert (answer.vias[0].received, answer.vias[0].rport) == (source.host, source.port)


@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    check(data)


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=30))
def test_shuffled_pieces_of_messages(pieces: list[bytes]) -> None:
    check(b"".join(pieces))


@given(
    st.sampled_from(LINES[:2]),
    st.permutations([LINES[2], *LINES[4:8], LINES[9], LINES[10]]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.binary(max_size=3)), max_size=3),
)
@example(LINES[1], [*LINES[2:3], *LINES[4:8]], [])
@example(LINES[1], [b't: sip:a@b;"tag=2\r\n', LINES[2], LINES[4], *LINES[6:8]], [])
def test_messages_with_a_few_bytes_changed(
    start_line: bytes, lines: list[bytes], changes: list[tuple[int, int, bytes]]
) -> None:
    data = b"".join((start_line, *lines, b"\r\n"))
    for at, removed, put in changes:
        data = data[:at] + put + data[at + removed :]
    check(data)


UNITS = [b" ", b"\t", b"\r", b"\n", b"\r\n", b"\n ", b'"', b'\\"', b"<", b">", b",", b";", b";a=", b"[", b":"]
UNITS += [
    b"0",
    b"a",
    b"\xff",
    b"\0",
    b"\nv:",
    b"\nv: ,",
    b"\n f: ",
    b"; branch",
    b" SIP/2.0",
    b"x: ",
    b"\nl:0",
]
VIA = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
REST = b"\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:a>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n"
PLACES = [
    (b"", b""),
    (b"SIP/2.0 ", b""),
    (b"SIP/2.0 200 ", REST),
    (b"INVITE ", b" SIP/2.0" + REST),
    (VIA + b"Via: SIP/2.0/UDP ", REST),
    (VIA + b"Via: SIP/2.0/UDP a;", REST),
    (VIA + b"From: ", REST),
    (VIA + b'To: "a', REST),
    (VIA + b"CSeq: ", REST),
    (VIA + b"Content-Length: ", REST),
    (VIA + b"x", b":" + REST),
    (VIA, REST),
]


def frame(data: bytes) -> None:
    try:
        StreamFramer().feed(data)
    except ParseError:
        return


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("use", [attempt, top_branch, frame])
def test_a_full_datagram_of_one_thing_is_only_an_error_or_a_message(
    use: Callable[[bytes], object], unit: bytes
) -> None:
    for before, after in PLACES:
        use(before + unit * ((65000 - len(before) - len(after)) // len(unit)) + after)


REQUEST = build_request(
    method="REGISTER",
    uri="sip:carrier.example",
    transport="UDP",
    sent_by=HostPort("192.0.2.1", 5060),
    branch="z9hG4bKabc",
    from_uri="sip:alice@carrier.example",
    from_tag="1",
    to_uri="sip:alice@carrier.example",
    call_id="c@192.0.2.1",
    cseq=2,
    user_agent="x",
    headers=[("Authorization", 'Digest username="a, b", realm="r", nonce="n"')],
)
ANSWER = b"".join(
    (
        b"SIP/2.0 401 Unauthorized\r\n",
        b"Via: SIP/2.0/UDP 192.0.2.1:5060;rport=5060;received=192.0.2.1;branch=z9hG4bKabc\r\n",
        b'From: "a, b" <sip:a@b.example>;tag=1\r\nTo: <sip:a@b.example>;tag=2\r\n',
        b"Call-ID: c@192.0.2.1\r\nCSeq: 2 REGISTER\r\n",
        b'WWW-Authenticate: Digest realm="r \\" x", nonce="n", qop="auth,auth-int", algorithm=SHA-256\r\n',
        b"Retry-After: 5 (a)\r\nServer: x\r\nContent-Length: 4\r\n\r\nbody",
    )
)
CHANGES = st.lists(
    st.tuples(st.integers(0, 700), st.integers(0, 40), st.sampled_from(PIECES) | st.binary(max_size=6)),
    min_size=1,
    max_size=4,
)


def changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for at, removed, put in changes:
        data = data[:at] + put + data[at + removed :]
    return data


@given(st.sampled_from([REQUEST, ANSWER]), CHANGES)
def test_whole_messages_with_parts_changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    check(changed(data, changes))


@given(CHANGES)
def test_what_is_read_of_a_changed_message_can_be_used(changes: list[tuple[int, int, bytes]]) -> None:
    """Every property that the engine asks of a response answers, and none raises."""
    message = attempt(changed(ANSWER, changes))
    if not isinstance(message, Response):
        return
    via = message.vias[0]
    assert via.received is None or ip_address(via.received)
    assert via.rport is None or 0 < via.rport < 65536
    assert message.retry_after_seconds is None or message.retry_after_seconds >= 0
    assert 100 <= message.status < 700
    choose(message.headers.get_all("WWW-Authenticate"), message.headers.get_all("Proxy-Authenticate"))


@given(
    st.lists(st.tuples(st.sampled_from([REQUEST, ANSWER]), CHANGES | st.just([])), min_size=1, max_size=4),
    st.lists(st.integers(0, 3000), max_size=10),
)
def test_a_changed_stream_is_cut_alike_however_it_is_split(
    parts: list[tuple[bytes, list[tuple[int, int, bytes]]]], cuts: list[int]
) -> None:
    """RFC 3261 §18.3: the messages and the fault are the stream's, not the packets'."""
    stream = b"".join(changed(data, changes) for data, changes in parts)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    assert cut_up([stream]) == cut_up([stream[start:end] for start, end in pairwise(edges)])


def cut_up(chunks: list[bytes]) -> tuple[list[bytes], type[ParseError] | None]:
    framer, messages = StreamFramer(), []
    for chunk in (*chunks, b""):  # the fault behind whole messages is told at the next call
        try:
            messages += framer.feed(chunk)
        except ParseError as error:
            return messages, type(error)
    return messages, None


CHALLENGE = (
    'Digest realm="r \\" x", nonce="n", qop="auth,auth-int", algorithm=SHA-256, opaque="o", stale=true'
)
TEXT_PIECES = [piece.decode("latin-1") for piece in PIECES] + ["Digest ", "Basic ", 'realm="', "nonce=", "é"]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 110), st.integers(0, 30), st.sampled_from(TEXT_PIECES) | st.text(max_size=5)
        ),
        max_size=4,
    )
)
def test_a_changed_challenge_is_answered_in_a_form_that_can_be_sent(
    changes: list[tuple[int, int, str]],
) -> None:
    """Chosen or refused; and what is chosen makes a header of one line, which is read back as it was meant."""
    text = CHALLENGE
    for at, removed, put in changes:
        text = text[:at] + put + text[at + removed :]
    choice = choose([text], [])
    if isinstance(choice, Failure):
        assert choice.detail.isprintable()
        return
    name, value = authorization(
        choice[0],
        username='a"b\\c',
        password="p",
        method="REGISTER",
        uri="sip:carrier.example",
        cnonce="0a4f113b",
    )
    assert name == "Authorization"
    assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value)
    read = read_authorization(value)
    assert (read["realm"], read["nonce"]) == (choice[0].realm, choice[0].nonce)
    assert read["uri"] == "sip:carrier.example"
