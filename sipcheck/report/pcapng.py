"""Packets as a pcapng file, which Wireshark, tshark and sngrep open (IETF draft-ietf-opsawg-pcapng).

Each packet is raw IP with a header of UDP or TCP. Values in, bytes out: whoever writes them opens the file.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from struct import pack

_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_BYTE_ORDER = 0x1A2B3C4D
_UNKNOWN_LENGTH = -1
_RAW_IP = 101
_NO_LIMIT = 0
_COMMENT, _APPLICATION, _END = 1, 4, 0
_MICROSECOND = timedelta(microseconds=1)
_MOST_IN_A_PACKET = 65_000  # a length of IP has 16 bits, the headers included
_MOST_IN_A_COMMENT = 4_000
UDP, TCP = 17, 6


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: IPv4Address | IPv6Address
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """What went from one endpoint to another: `protocol` is UDP or TCP.

    `cut_bytes` followed the data and are not there. `sequence` and `acknowledged` count the bytes of a connection that
    went this way and the other way before.
    """

    at: datetime
    source: Endpoint
    destination: Endpoint
    protocol: int
    data: bytes
    cut_bytes: int = 0
    sequence: int = 0
    acknowledged: int = 0
    comment: str = ""


def write_pcapng(packets: Iterable[Packet], *, application: str, comment: str = "") -> Iterator[bytes]:
    """Yield a file block by block; `comment` is about all of it. The two endpoints of a packet are of one family."""
    body = pack("<IHHq", _BYTE_ORDER, 1, 0, _UNKNOWN_LENGTH)
    yield _block(_SECTION, body + _options((_COMMENT, comment), (_APPLICATION, application)))
    yield _block(_INTERFACE, pack("<HHI", _RAW_IP, 0, _NO_LIMIT))
    for packet in packets:
        yield _packet_block(packet)


def _packet_block(packet: Packet) -> bytes:
    data = packet.data[:_MOST_IN_A_PACKET]
    cut = len(packet.data) - len(data) + packet.cut_bytes
    captured = _ip(packet, data)
    moment = (packet.at - datetime.fromtimestamp(0, packet.at.tzinfo)) // _MICROSECOND
    head = pack("<IIIII", 0, moment >> 32, moment & 0xFFFFFFFF, len(captured), len(captured) + cut)
    return _block(_PACKET, head + _padded(captured) + _options((_COMMENT, packet.comment)))


def _block(kind: int, body: bytes) -> bytes:
    length = len(body) + 12
    return pack("<II", kind, length) + body + pack("<I", length)


def _options(*given: tuple[int, str]) -> bytes:
    texts = [(code, _shortened(text)) for code, text in given if text]
    if not texts:
        return b""
    written = [pack("<HH", code, len(text)) + _padded(text) for code, text in texts]
    return b"".join(written) + pack("<HH", _END, 0)


def _shortened(text: str) -> bytes:
    return text.encode("utf-8", "replace")[:_MOST_IN_A_COMMENT].decode("utf-8", "ignore").encode()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _ip(packet: Packet, data: bytes) -> bytes:
    source, destination = packet.source.address.packed, packet.destination.address.packed
    payload = (_udp if packet.protocol == UDP else _tcp)(packet, data, source + destination)
    # What was cut counts: it was in the packet.
    length = min(len(payload) + packet.cut_bytes, _MOST_IN_A_PACKET)
    if packet.source.address.version == 6:
        return pack("!IHBB", 6 << 28, length, packet.protocol, 64) + source + destination + payload

    def header(checksum: int) -> bytes:
        numbers = pack("!BBHHHBBH", 0x45, 0, length + 20, 0, 0, 64, packet.protocol, checksum)
        return numbers + source + destination

    return header(_checksum(header(0))) + payload


def _udp(packet: Packet, data: bytes, addresses: bytes) -> bytes:
    length = 8 + len(data) + packet.cut_bytes
    ports = packet.source.port, packet.destination.port

    def header(checksum: int) -> bytes:
        return pack("!HHHH", *ports, min(length, _MOST_IN_A_PACKET), checksum)

    checksum = _checksum(_pseudo_header(addresses, UDP, length) + header(0) + data)
    return header(checksum or 0xFFFF) + data  # none at all is written as zero (RFC 768)


def _tcp(packet: Packet, data: bytes, addresses: bytes) -> bytes:
    numbers = (packet.sequence + 1) & 0xFFFFFFFF, (packet.acknowledged + 1) & 0xFFFFFFFF
    ports = packet.source.port, packet.destination.port

    def header(checksum: int) -> bytes:
        push_and_acknowledge = 0x5018
        return pack("!HHIIHHHH", *ports, *numbers, push_and_acknowledge, 0xFFFF, checksum, 0)

    pseudo = _pseudo_header(addresses, TCP, 20 + len(data) + packet.cut_bytes)
    return header(_checksum(pseudo + header(0) + data)) + data


def _pseudo_header(addresses: bytes, protocol: int, length: int) -> bytes:
    return addresses + pack("!II", length, protocol)


def _checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    total = int.from_bytes(data + bytes(len(data) % 2)) % 0xFFFF
    return 0xFFFF - total if total or not any(data) else 0
