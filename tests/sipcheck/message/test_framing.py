"""RFC 3261 §18.3, §7.5; RFC 5626 §3.5.1."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcheck.errors import MalformedMessage, NotSip, ParseError
from sipcheck.message.framing import MAXIMUM_MESSAGE_BYTES, StreamFramer
from sipcheck.message.header_block import read_header_block
from sipcheck.message.message import Response
from sipcheck.message.parser import parse


def message(body: bytes = b"", *, length: bytes | None = None, line_end: bytes = b"\r\n") -> bytes:
    lines = (
        b"SIP/2.0 200 OK",
        b"Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKa",
        b"From: <sip:a@b>;tag=1",
        b"To: <sip:a@b>;tag=2",
        b"Call-ID: c",
        b"CSeq: 1 OPTIONS",
        length or b"Content-Length: %d" % len(body),
        b"",
        body,
    )
    return line_end.join(lines)


MESSAGES = [
    message(),
    message(b"v=0\r\n\r\nSIP/2.0 200 OK\r\n\r\n"),
    message(b"\0\xff" * 300),
    message(b"four", length=b"l :\r\n 4"),
    message(b"\n\nlf\n\n", line_end=b"\n"),
]

KEEP_ALIVE = b"\r\n\r\n"
Tail = tuple[bytes, type[ParseError] | None]
TAILS: list[Tail] = [
    (b"", None),
    (b"SIP/2.0 200", None),
    (message()[:-1], None),
    (b"junk\r\n", NotSip),
    (b"\0", NotSip),
    (b"SIP/2.0 200\r\n\r\n", MalformedMessage),
    (message(length=b"Content-Length: -1"), MalformedMessage),
]


def outcome(chunks: list[bytes]) -> tuple[list[bytes], bool, type[ParseError] | None]:
    """All messages, whether bytes are held, and the fault; after the last chunk a held fault is asked for."""
    framer, messages = StreamFramer(), []
    try:
        for chunk in (*chunks, b""):
            messages += framer.feed(chunk)
    except ParseError as error:
        return messages, framer.pending, type(error)
    return messages, framer.pending, None


def test_one_message() -> None:
    framer = StreamFramer()
    assert framer.feed(message(b"body")) == [message(b"body")]
    assert not framer.pending


def test_a_message_in_two_halves() -> None:
    framer = StreamFramer()
    data = message(b"body")
    assert framer.feed(data[:-1]) == []
    assert framer.pending
    assert framer.feed(data[-1:]) == [data]
    assert not framer.pending


def test_byte_by_byte() -> None:
    stream = b"\r\n\r\n".join(MESSAGES)
    assert outcome([bytes([byte]) for byte in stream]) == (MESSAGES, False, None)


@pytest.mark.parametrize("keep_alive", [b"\r\n", b"\r\n\r\n", b"\n", b"\r"])
def test_keep_alives_are_no_message(keep_alive: bytes) -> None:
    framer = StreamFramer()
    assert framer.feed(keep_alive) == []
    assert not framer.pending
    assert framer.feed(keep_alive + message() + keep_alive) == [message()]
    assert not framer.pending


@given(
    picks=st.lists(st.sampled_from([*MESSAGES, KEEP_ALIVE]), max_size=6),
    tail=st.sampled_from(TAILS),
    cuts=st.lists(st.integers(0, 4000), max_size=12),
)
def test_any_split_and_coalescing_yields_the_same(picks: list[bytes], tail: Tail, cuts: list[int]) -> None:
    rest, fault = tail
    stream = b"".join(picks) + rest
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    messages = [pick for pick in picks if pick != KEEP_ALIVE]
    assert outcome(chunks) == (messages, bool(rest), fault)
    assert all(isinstance(parse(framed), Response) for framed in messages)


@given(st.lists(st.binary(max_size=40) | st.sampled_from([*MESSAGES, b"SIP/2.0 ", b"\r\n\r\n", b"l: 3\r\n"])))
def test_random_streams_raise_nothing_but_the_parse_error(chunks: list[bytes]) -> None:
    joined, split = outcome([b"".join(chunks)]), outcome(chunks)
    assert joined == split


@pytest.mark.parametrize(
    "opening",
    [
        b"\x15",
        b"\x15\x03\x01\x00\x02",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 400 Bad",
        b"\x4a\x00\x00\x00\x0a8.0",
    ],
)
def test_another_protocol_is_known_by_its_first_bytes(opening: bytes) -> None:
    """Waiting for a line end that never comes would cost the deadline."""
    with pytest.raises(NotSip):
        StreamFramer().feed(opening)


REFUSED = [
    pytest.param(message(length=b"Subject: none"), "no Content-Length", id="§20.14: required on a stream"),
    pytest.param(message(length=b"Content-Length: -4"), "not a number", id="negative"),
    pytest.param(message(length=b"Content-Length: 4\r\nl: 5"), "differ", id="two lengths"),
    pytest.param(message(length=b"Content-Length: 65535"), "65535 bytes", id="over 64 KiB"),
    pytest.param(message(length=b"Content-Length: " + b"9" * 5000), "Content-Length", id="an endless number"),
    pytest.param(b"SIP/2.0 999 Odd\r\n", "status", id="an unusable status line"),
    pytest.param(b"SIP/2.0 200 OK\r\n" + b"a: b\r\n" * 11000, "header of more", id="an endless header"),
    pytest.param(b"SIP/2.0 200 " + b"a" * MAXIMUM_MESSAGE_BYTES, "start line of more", id="an endless line"),
]


@pytest.mark.parametrize(("data", "words"), REFUSED)
def test_a_stream_that_cannot_be_cut(data: bytes, words: str) -> None:
    with pytest.raises(MalformedMessage, match=words):
        StreamFramer().feed(data)


def test_messages_before_a_fault_are_given_first() -> None:
    framer = StreamFramer()
    assert framer.feed(message() + b"junk\r\n") == [message()]
    assert framer.pending
    for _ in range(2):
        with pytest.raises(NotSip):
            framer.feed(message())


def test_the_largest_message_passes() -> None:
    body = b"a" * (MAXIMUM_MESSAGE_BYTES - len(message(length=b"Content-Length: 65000")))
    data = message(body)
    assert len(data) == MAXIMUM_MESSAGE_BYTES
    assert outcome([data[i : i + 1000] for i in range(0, len(data), 1000)]) == ([data], False, None)


def test_a_fault_is_known_behind_the_messages_before_it() -> None:
    framer = StreamFramer()
    assert framer.feed(message()) == [message()]
    assert framer.fault is None
    assert framer.feed(message() + b"junk\r\n") == [message()]
    assert isinstance(framer.fault, NotSip)
    assert framer.held == b"junk\r\n"
    assert framer.held == b"junk\r\n"


def test_a_buffer_that_others_use_next_may_be_fed() -> None:
    shared, framer = bytearray(message()[:50]), StreamFramer()
    assert framer.feed(memoryview(shared)) == []
    shared[:] = b"x" * 50
    assert framer.feed(message()[50:]) == [message()]


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        (b"Content-Length: 4", 4),
        (b"l:4", 4),
        (b"CONTENT-LENGTH \t:\t 4 ", 4),
        (b"Content-Length: 00004", 4),
        (b"Content-Length: 0000000004", 4),
        (b"Content-Length: 4\r\nl: 4", 4),
        (b"Content-Length:\r\n 4", 4),
        (b"Subject: folded\r\n Content-Length: 9\r\nContent-Length: 4", 4),
        (b"Subject: x\r\nX-Content-Length: 9\r\nContent-Length: 4\r\nContent-Length-X: 9", 4),
        (b"Content-Length: 4;x=y", None),
        (b"Content-Length:", None),
        (b"Content-Length: 4, 4", None),
        (b"Content-Length: 4\rSubject: x", None),
    ],
)
def test_content_length_as_it_is_written(lines: bytes, length: int | None) -> None:
    """RFC 3261 §20.14; what is plainly written is read by a short way, to the same end."""
    stream = message(b"four", length=lines) + message()
    if length is None:
        with pytest.raises(MalformedMessage):
            StreamFramer().feed(stream)
    else:
        assert StreamFramer().feed(stream) == [message(b"four", length=lines), message()]


LENGTH_LINES = st.lists(
    st.sampled_from(
        [b"Content-Length", b"l", b"L", b"Subject", b":", b" ", b"\t", b"4", b"0", b"12", b"\r", b"\n"]
    )
    | st.sampled_from([b"\r\n", b"x", b",", b"\r\nContent-Length: 4", b"\r\n\r\n"]),
    max_size=12,
).map(b"".join)


@given(LENGTH_LINES)
def test_framing_and_parsing_agree_on_the_length(lines: bytes) -> None:
    """Whatever is framed has the length that the tolerant reading of its header finds."""
    try:
        framed = StreamFramer().feed(b"SIP/2.0 200 OK\r\n" + lines + b"\r\n\r\nfour" + message())
    except ParseError:
        return
    for each in framed[:1]:
        block = read_header_block(each)
        assert block.content_length == len(each) - block.body_start
