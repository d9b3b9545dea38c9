"""The trace is evidence: the bytes as they were, from where to where, and no secret among them."""

import json
from dataclasses import asdict

import pytest

from sipcheck.report.model import Direction, TraceStep
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort

EDGE = "192.0.2.1:5060/udp"
CARRIER, US = HostPort("192.0.2.1", 5060), HostPort("192.0.2.9", 40_000)
DIGEST = (
    'Digest username="alice", realm="r", nonce="n", uri="sip:x", '
    'response="6629fae49393a05397450978507c4ef1", cnonce="0a4f113b", qop=auth, nc=00000001'
)


def receive(trace: Trace, message: bytes) -> None:
    trace.received(EDGE, message, CARRIER, US)


def received(message: bytes) -> TraceStep:
    trace = Trace()
    receive(trace, message)
    return trace.steps[0]


def everything(step: TraceStep) -> str:
    """All that a reader of the report can get at."""
    return json.dumps(asdict(step)) + step.message.decode("latin-1")


@pytest.mark.parametrize(
    "name", ["Authorization", "Proxy-Authorization", "AUTHORIZATION", "authorization ", "aUTHORIZAT\u0130ON"]
)
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("oddness", ["", "\x1b", "\udcff"], ids=["plain", "escape", "no-utf-8"])
def test_digest_response_is_redacted_when_recorded(name: str, line_end: str, oddness: str) -> None:
    text = f"REGISTER sip:x SIP/2.0{line_end}X: {oddness}{line_end}{name}: {DIGEST}{line_end}Call-ID: 1{line_end}"
    step = received(text.encode("utf-8", "surrogateescape"))
    assert "6629fae49393a05397450978507c4ef1" not in everything(step)
    assert "0a4f113b" not in everything(step)
    assert 'realm="r"' in step.text
    assert "Call-ID: 1" in step.text
    assert b"Call-ID: 1" in step.message


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_a_folded_authorization_is_redacted_too(line_end: str) -> None:
    step = received(
        f'REGISTER sip:x SIP/2.0\r\nAuthorization: Digest realm="r",{line_end} response="abc123"\r\n\r\n'.encode()
    )
    assert "abc123" not in everything(step)


@pytest.mark.parametrize("value", ["Basic YWxpY2U6c2VjcmV0", "Bearer abc.def.ghi"])
def test_other_schemes_are_redacted_whole(value: str) -> None:
    step = received(f"REGISTER sip:x SIP/2.0\r\nAuthorization: {value}\r\n\r\n".encode())
    assert value.split()[1] not in everything(step)


def test_what_was_concealed_stays_so_wherever_a_peer_echoes_it() -> None:
    trace = Trace()
    trace.conceal("6629fae49393a05397450978507c4ef1")
    receive(trace, b"SIP/2.0 400 Bad 6629fae49393a05397450978507c4ef1\r\n\r\n")
    receive(trace, b"SIP/2.0 400 Bad\x00 6629fae49393a05397450978507c4ef1\n\n")
    trace.event("e", "it said 6629fae49393a05397450978507c4ef1")
    assert all("6629fae" not in everything(step) for step in trace.steps)


def test_control_characters_cannot_reach_a_terminal() -> None:
    step = received(b"SIP/2.0 200 \x1b]0;owned\x07OK\r\nX: \xe2\x80\xae\r\n\r\n")
    assert step.direction is Direction.RECEIVED
    assert not set(step.text) & set("\x1b\x07\u202e\r")


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        (b"SIP/2.0 200 OK\r\nX: y\r\n\r\n", True),
        ("SIP/2.0 200 Schön\r\n\r\nbody".encode(), True),
        (b"SIP/2.0 200 OK\nX: y\n\n", False),
        (b"SIP/2.0 200 OK\r\nX: a\rb\r\n\r\n", False),
        (b"SIP/2.0 200 \x1b[31mOK\r\n\r\n", False),
        (b"SIP/2.0 200 OK\r\nX: \xff\xfe\x00\r\n\r\n", False),
        ("SIP/2.0 200 \u202eOK\r\n\r\n".encode(), False),
    ],
)
def test_the_bytes_are_there_as_they_were(message: bytes, plain: bool) -> None:
    """Only an odd message takes the room of a second form."""
    step = received(message)
    assert step.message == message
    assert (step.octets is None) is plain
    assert step.cut_bytes == 0


def test_a_message_has_both_its_endpoints() -> None:
    trace = Trace()
    trace.sent(EDGE, b"OPTIONS sip:x SIP/2.0\r\n\r\n", US, CARRIER)
    receive(trace, b"SIP/2.0 200 OK\r\n\r\n")
    trace.event(EDGE, "over")
    ends = [(step.source, step.destination) for step in trace.steps]
    assert ends == [
        ("192.0.2.9:40000", "192.0.2.1:5060"),
        ("192.0.2.1:5060", "192.0.2.9:40000"),
        (None, None),
    ]


def test_times_have_microseconds() -> None:
    moments = iter([10.0, 10.0000017, 10.1234567])
    trace = Trace(lambda: next(moments))
    trace.event(None, "a")
    trace.event(None, "b")
    assert [step.at_ms for step in trace.steps] == [0.002, 123.457]


@pytest.mark.parametrize("filling", ["a", "ö", "\r\n", "\x00"])
def test_a_huge_message_is_cut_and_says_so(filling: str) -> None:
    message = b"OPTIONS sip:x SIP/2.0\r\nX: " + filling.encode() * 60_000
    step = received(message)
    assert len(step.text) + len(step.octets or "") < 20_000
    assert step.cut_bytes > 50_000
    assert f"{step.cut_bytes} more bytes" in step.text
    assert step.message == message[: -step.cut_bytes]


@pytest.mark.parametrize(
    ("message", "count"),
    [
        pytest.param(b"SIP/2.0 100 Trying\r\n\r\n", 10_000, id="small"),
        pytest.param(b"SIP/2.0 100 " + b"\0" * 60_000, 1_000, id="large"),
        pytest.param(b"SIP/2.0 100 " + b"\0" * 60_000, 10_000, id="large-and-many", marks=pytest.mark.long),
    ],
)
def test_a_flood_leaves_the_first_and_the_last_and_says_what_is_gone(message: bytes, count: int) -> None:
    trace = Trace()
    trace.event(None, "the first")
    for number in range(count):
        if number in (count * 5 // 10, count * 9 // 10):
            trace.sent(EDGE, b"OPTIONS sip:x SIP/2.0\r\n\r\n", US, CARRIER)
        receive(trace, message)
    trace.event(None, "the last")
    steps = trace.steps
    assert len(steps) <= 252
    assert sum(len(step.text) + len(step.octets or "") for step in steps) < 300_000
    assert (steps[0].text, steps[-1].text) == ("the first", "the last")
    (gap,) = [step for step in steps if "left out" in step.text]
    gone = int(gap.text.split()[0])
    assert gone + len(steps) - 1 == count + 4
    assert [step.at_ms for step in steps] == sorted(step.at_ms for step in steps)
    # Others count what was sent, to keep the pace.
    assert sum(step.direction is Direction.SENT for step in steps) == 2
