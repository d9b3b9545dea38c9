"""RTP packets (RFC 3550 §5.1). No socket and no clock."""

import struct
from dataclasses import dataclass, field

_HEADER = struct.Struct("!BBHII")
_VERSION = 2 << 6
_PADDING, _EXTENSION, _SOURCES = 0x20, 0x10, 0x0F
_MARKER = 0x80
_EXTENSION_HEADER = struct.Struct("!HH")

SEQUENCES = 1 << 16
TIMESTAMPS = 1 << 32
# The second octet of RTCP, where both come to one port (RFC 5761 §4).
_RTCP_TYPES = range(192, 224)


@dataclass(frozen=True, slots=True, kw_only=True)
class RtpPacket:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = field(repr=False)
    marker: bool = False

    def pack(self) -> bytes:
        """Write it without padding, extension and contributing sources."""
        marker = _MARKER if self.marker else 0
        head = _HEADER.pack(_VERSION, marker | self.payload_type, self.sequence, self.timestamp, self.ssrc)
        return head + self.payload


def parse_rtp(data: bytes) -> RtpPacket | None:
    """Read a datagram; None for one that is no RTP (§A.1: version, padding and lengths have to agree)."""
    if len(data) < _HEADER.size:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if first & 0xC0 != _VERSION or second in _RTCP_TYPES:
        return None
    begin = _payload_start(data, first)
    end = len(data) - (data[-1] if first & _PADDING else 0)
    if begin is None or end < begin or (first & _PADDING and end == len(data)):
        return None
    return RtpPacket(
        payload_type=second & ~_MARKER,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=data[begin:end],
        marker=bool(second & _MARKER),
    )


def _payload_start(data: bytes, first: int) -> int | None:
    start = _HEADER.size + 4 * (first & _SOURCES)
    if first & _EXTENSION:
        if len(data) < start + _EXTENSION_HEADER.size:
            return None
        _, words = _EXTENSION_HEADER.unpack_from(data, start)
        start += _EXTENSION_HEADER.size + 4 * words
    return start if start <= len(data) else None
