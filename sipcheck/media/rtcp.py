"""RTCP: sender and receiver reports, a name, and farewell (RFC 3550 §6). No socket and no clock."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IIIII")  # after the SSRC: NTP time in two words, RTP time, packets, octets
_BLOCK = struct.Struct("!IIIIII")
_SSRC = struct.Struct("!I")
_VERSION = 2 << 6
_COUNT = 0x1F

_SR, _RR, _SDES, _BYE = 200, 201, 202, 203
_TYPES = range(192, 224)
_CNAME = 1
_LOST_BITS = 24
# Seconds from 1900, where NTP begins, to 1970 (RFC 3550 §4).
_NTP_EPOCH_SECONDS = 2_208_988_800
_WORD = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionReport:
    """What one side says it received of the source `ssrc` (§6.4.1); `jitter` is in units of the media's clock."""

    ssrc: int
    fraction_lost: int = 0
    lost: int = 0
    highest_sequence: int = 0
    jitter: int = 0
    last_report: int = 0
    delay: int = 0


@dataclass(frozen=True, slots=True)
class Rtcp:
    """What a compound packet says: who speaks, what it received of whom, and whether it takes its leave.

    `told` says that a report was in it, be it without a block; `sender_time` is the middle of a sender's NTP time.
    """

    ssrc: int
    told: bool = False
    reports: tuple[ReceptionReport, ...] = ()
    goodbye: bool = False
    sender_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderInfo:
    """What a sender has sent so far (§6.4.1); `at` is seconds since 1970."""

    at: float
    timestamp: int
    packets: int
    octets: int


def write_rtcp(
    ssrc: int,
    name: str,
    *,
    sender: SenderInfo | None = None,
    reports: tuple[ReceptionReport, ...] = (),
    goodbye: bool = False,
) -> bytes:
    """Write a compound packet: a report first, the name, and at the end farewell (§6.1)."""
    blocks = b"".join(map(_block, reports))
    head = _SSRC.pack(ssrc)
    if sender is not None:
        packed = _packet(_SR, len(reports), head + _sender(sender) + blocks)
    else:
        packed = _packet(_RR, len(reports), head + blocks)
    text = name.encode()[:255]
    # The list of items ends with at least one zero, and at a word (§6.5).
    items = bytes((_CNAME, len(text))) + text + bytes(4 - (len(text) + 2) % 4)
    packed += _packet(_SDES, 1, head + items)
    return packed + _packet(_BYE, 1, head) if goodbye else packed


def parse_rtcp(data: bytes) -> Rtcp | None:
    """Read a compound packet; None for a datagram that is none, and what is cut off at its end is left out (§A.2)."""
    first = next(_packets(data), None)
    if first is None or first[0] not in (_SR, _RR) or len(first[2]) < _SSRC.size:
        return None
    (ssrc,) = _SSRC.unpack_from(first[2])
    reports: list[ReceptionReport] = []
    goodbye, sender_time = False, 0
    for kind, count, body in _packets(data):
        if kind in (_SR, _RR):
            reports += _read_blocks(body, _SSRC.size + (_SENDER.size if kind == _SR else 0), count)
        if kind == _SR and len(body) >= _SSRC.size + _SENDER.size:
            seconds, fraction, *_ = _SENDER.unpack_from(body, _SSRC.size)
            sender_time = (seconds & 0xFFFF) << 16 | fraction >> 16
        goodbye = goodbye or kind == _BYE
    return Rtcp(ssrc, True, tuple(reports), goodbye, sender_time)


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP where both come to one port (RFC 5761 §4)."""
    return len(data) >= _HEADER.size and data[0] & 0xC0 == _VERSION and data[1] in _TYPES


def _packets(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    while is_rtcp(data):
        first, kind, words = _HEADER.unpack_from(data)
        end = _HEADER.size + 4 * words
        if end > len(data):
            return
        yield kind, first & _COUNT, data[_HEADER.size : end]
        data = data[end:]


def _read_blocks(body: bytes, start: int, count: int) -> Iterator[ReceptionReport]:
    for at in range(start, min(start + count * _BLOCK.size, len(body) - _BLOCK.size + 1), _BLOCK.size):
        ssrc, losses, highest, jitter, last_report, delay = _BLOCK.unpack_from(body, at)
        lost = losses & (1 << _LOST_BITS) - 1
        if lost >> _LOST_BITS - 1:  # signed: more came than was sent
            lost -= 1 << _LOST_BITS
        yield ReceptionReport(
            ssrc=ssrc,
            fraction_lost=losses >> _LOST_BITS,
            lost=lost,
            highest_sequence=highest,
            jitter=jitter,
            last_report=last_report,
            delay=delay,
        )


def _block(report: ReceptionReport) -> bytes:
    most = (1 << _LOST_BITS - 1) - 1
    lost = max(-most - 1, min(report.lost, most)) & (1 << _LOST_BITS) - 1
    return _BLOCK.pack(
        report.ssrc,
        report.fraction_lost << _LOST_BITS | lost,
        report.highest_sequence,
        report.jitter,
        report.last_report,
        report.delay,
    )


def _sender(sender: SenderInfo) -> bytes:
    seconds, fraction = divmod(sender.at + _NTP_EPOCH_SECONDS, 1)
    return _SENDER.pack(
        int(seconds) % _WORD,
        int(fraction * _WORD),
        sender.timestamp % _WORD,
        sender.packets % _WORD,
        sender.octets % _WORD,
    )


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(_VERSION | count, kind, len(body) // 4) + body
