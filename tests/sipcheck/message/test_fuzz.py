"""Whatever the bytes: nothing but the parse error, and no work out of proportion (SIP.md requirement 25)."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sipcheck.errors import ParseError
from sipcheck.message.builder import build_response
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
