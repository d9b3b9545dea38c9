"""What LiveKit asks of a trunk before it stores it."""

import re
from collections.abc import Mapping

from livekit.protocol.sip import SIPInboundTrunkInfo, SIPMediaConfig, SIPOutboundTrunkInfo

from tests.peers.livekit.refusal import invalid

_LONGEST_NAME, _LONGEST_VALUE = 255, 1024
_NAME = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")
_VALUE = re.compile(r"[\t\x20-\x7e\u0080-\U0010ffff]*")
# Those that the SIP service writes itself, in their long and their short form; Route, To and Via are not among them.
_ITS_OWN = frozenset(
    {
        *("accept", "accept-encoding", "accept-language", "allow", "allow-events", "call-id", "contact"),
        *("content-encoding", "content-length", "content-type", "cseq", "event", "expires", "from"),
        *("max-forwards", "record-route", "refer-to", "reply-to"),
        *("k", "l", "m", "o", "r", "t", "u", "v"),
    }
)


def require_inbound(info: SIPInboundTrunkInfo) -> None:
    """Raise Refusal for an inbound trunk that cannot be stored."""
    if not (info.auth_username or info.auth_password or info.allowed_addresses or info.numbers):
        raise invalid(
            "for security, one of the fields must be set: AuthUsername+AuthPassword, AllowedAddresses or Numbers"
        )
    require_media(info.media)
    require_headers(info.headers)


def require_outbound(info: SIPOutboundTrunkInfo) -> None:
    """Raise Refusal for an outbound trunk that cannot be stored."""
    if not info.numbers:
        raise invalid("no trunk numbers specified")
    if not info.address:
        raise invalid("no outbound address specified")
    require_host(info.address, "trunk address")
    require_host(info.from_host, "from_host")
    require_headers(info.headers)
    require_media(info.media)


def require_host(host: str, field: str) -> None:
    """Raise Refusal for a URI where a host, with or without port, belongs."""
    if "transport=" in host:
        raise invalid(f"{field} should not contain transport parameter")
    if "@" in host or ";" in host or host.startswith(("sip:", "sips:")):
        raise invalid(f"{field} should be a hostname or IP, not SIP URI")


def require_headers(headers: Mapping[str, str]) -> None:
    """Raise Refusal for a header that the SIP service writes itself, or that is none."""
    for name, value in headers.items():
        if not name:
            raise invalid("invalid header name: header name cannot be empty")
        if len(name) > _LONGEST_NAME:
            raise invalid("invalid header name: header name too long (max 255 characters)")
        if not _NAME.fullmatch(name):
            odd = next(each for each in name if not _NAME.fullmatch(each))
            raise invalid(
                f"invalid header name: header name {name} contains invalid characters: char {ord(odd)} not allowed"
            )
        if name.lower() in _ITS_OWN:
            raise invalid(f"invalid header name: header name {name} not supported")
        _require_value(name, value)


def _require_value(name: str, value: str) -> None:
    told = f"invalid header value for {name}: header {name}: value"
    if len(value.encode()) > _LONGEST_VALUE:
        raise invalid(f"{told} too long (max 1024 characters)")
    if not _VALUE.fullmatch(value):
        odd = next(each for each in value if not _VALUE.fullmatch(each))
        raise invalid(f"{told}: char {ord(odd)} not allowed")


def require_media(media: SIPMediaConfig) -> None:
    """Raise Refusal for a codec without a name that could be one."""
    for codec in media.codecs:
        if not codec.name:
            raise invalid("missing codec name")
        if any(each in codec.name for each in " \t\n\r"):
            raise invalid("invalid codec name")
        if "/" in codec.name:
            raise invalid("codec name must not contain '/'")
