"""The trace keeps no secret and steers no terminal."""

import pytest

from sipcheck.report.model import Direction
from sipcheck.report.trace import Trace

DIGEST = (
    'Digest username="alice", realm="r", nonce="n", uri="sip:x", '
    'response="6629fae49393a05397450978507c4ef1", cnonce="0a4f113b", qop=auth, nc=00000001'
)


def recorded(message: str) -> str:
    trace = Trace()
    trace.sent("192.0.2.1:5060/udp", message.encode())
    return trace.steps[0].text


@pytest.mark.parametrize("name", ["Authorization", "Proxy-Authorization", "AUTHORIZATION", "authorization "])
@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_digest_response_is_redacted_when_recorded(name: str, line_end: str) -> None:
    text = recorded(
        f"REGISTER sip:x SIP/2.0{line_end}{name}: {DIGEST}{line_end}Call-ID: 1{line_end}{line_end}"
    )
    assert "6629fae49393a05397450978507c4ef1" not in text
    assert "0a4f113b" not in text
    assert 'realm="r"' in text
    assert "Call-ID: 1" in text


def test_a_folded_authorization_is_redacted_too() -> None:
    text = recorded(
        'REGISTER sip:x SIP/2.0\r\nAuthorization: Digest realm="r",\r\n response="abc123"\r\n\r\n'
    )
    assert "abc123" not in text


@pytest.mark.parametrize("value", ["Basic YWxpY2U6c2VjcmV0", "Bearer abc.def.ghi"])
def test_other_schemes_are_redacted_whole(value: str) -> None:
    text = recorded(f"REGISTER sip:x SIP/2.0\r\nAuthorization: {value}\r\n\r\n")
    assert value.split()[1] not in text


def test_what_was_concealed_stays_so_wherever_a_peer_echoes_it() -> None:
    trace = Trace()
    trace.conceal("6629fae49393a05397450978507c4ef1")
    trace.received("e", b"SIP/2.0 400 Bad 6629fae49393a05397450978507c4ef1\r\n\r\n")
    trace.event("e", "it said 6629fae49393a05397450978507c4ef1")
    assert all("6629fae" not in step.text for step in trace.steps)


def test_control_characters_cannot_reach_a_terminal() -> None:
    trace = Trace()
    trace.received("e", b"SIP/2.0 200 \x1b]0;owned\x07OK\r\nX: \xe2\x80\xae\r\n\r\n")
    assert trace.steps[0].direction is Direction.RECEIVED
    assert not set(trace.steps[0].text) & set("\x1b\x07\u202e\r")


def test_a_huge_message_is_cut_and_says_so() -> None:
    text = recorded("OPTIONS sip:x SIP/2.0\r\nX: " + "a" * 60_000)
    assert len(text) < 5000
    assert "more characters" in text


def test_a_flood_of_answers_does_not_fill_the_memory() -> None:
    trace = Trace()
    for _ in range(10_000):
        trace.received("e", b"SIP/2.0 100 Trying\r\n\r\n")
    assert len(trace.steps) == 250
    assert "ends here" in trace.steps[-1].text
