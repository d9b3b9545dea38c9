"""RFC 3261 §20.33, §20.35."""

import pytest

from sipcheck.message.message import Response
from sipcheck.message.parser import parse

HEAD = (
    b"SIP/2.0 503 Service Unavailable\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\nFrom: <sip:a>;tag=1\r\n"
    b"To: <sip:a>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
)


def response(*lines: bytes) -> Response:
    message = parse(HEAD + b"".join(line + b"\r\n" for line in lines) + b"\r\n")
    assert isinstance(message, Response)
    return message


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"120", 120),
        (b"18000;duration=3600", 18000),
        (b"120 (I'm in a meeting)", 120),
        (b"120 (comment);duration=60", 120),
        (b"0", 0),
        (b"soon", None),
        (b"Fri, 31 Dec 1999 23:59:59 GMT", None),
        (b"-5", None),
        (b"", None),
        (b"9" * 4999, None),
    ],
)
def test_retry_after(value: bytes, seconds: int | None) -> None:
    assert response(b"Retry-After: " + value).retry_after_seconds == seconds


def test_no_retry_after() -> None:
    assert response().retry_after_seconds is None


def test_server_is_also_read_from_user_agent() -> None:
    assert response().server is None
    assert response(b"User-Agent: Asterisk").server == "Asterisk"
    assert response(b"User-Agent: Asterisk", b"Server: kamailio").server == "kamailio"
