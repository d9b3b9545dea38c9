"""What speaks where SIP was expected: told by its first bytes, which no report ever holds."""

import re

from sipcheck.phrases.listed import Joint, listed
from sipcheck.phrases.sentence import Sentence

_GREETINGS = (
    (b"HTTP/", "http"),
    (b"SSH-", "ssh"),
    (b"220", "smtp or ftp"),
    (b"+OK", "pop3"),
    (b"* OK", "imap"),
    (b"RTSP/", "rtsp"),
    (b"RFB ", "vnc"),
    (b"\x16\x03", "tls"),
    (b"\x15\x03", "tls"),
    (b"<", "html or xml"),
    (b"-ERR", "redis"),
)
# What a server of RFC 6455 says to a request that does not open a WebSocket.
_WEBSOCKET = re.compile(rb"\n(?:Upgrade[ \t]*:[ \t]*websocket|Sec-WebSocket-[A-Za-z]+[ \t]*:)", re.IGNORECASE)


def recognise(data: bytes) -> str | None:
    """Name the protocol whose greeting or answer this is; None for one that is not known."""
    protocol = next((name for start, name in _GREETINGS if data.startswith(start)), None)
    return "websocket" if protocol == "http" and _WEBSOCKET.search(data) else protocol


def opens_as_sip(data: bytes) -> bool:
    """Tell whether bytes that are no whole message begin as one: with a status line, or a request line."""
    line = data.lstrip(b"\r\n").partition(b"\n")[0].upper()
    return line.startswith(b"SIP/") or b" SIP/" in line


def looks_like(protocol: str) -> Sentence:
    """Say what was recognised; some protocols begin alike, and have one name for both."""
    return Sentence.of("message.looks-like", protocol=listed(protocol.split(" or "), Joint.OR))
