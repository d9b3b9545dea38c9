"""A strict reader of pcapng files as the product writes them: raw IP, and a header of UDP or TCP in each packet."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from struct import unpack, unpack_from


@dataclass(frozen=True, slots=True)
class Captured:
    """`missing` bytes were in the packet and are not in the file."""

    at: datetime
    source: str
    destination: str
    transport: str
    data: bytes
    missing: int
    sequence: int
    acknowledged: int
    comment: str


def read_pcapng(data: bytes) -> list[Captured]:
    """Read one section with one interface of raw IP; whatever is not by the letter fails an assertion."""
    blocks = _blocks(data)
    kinds = [kind for kind, _ in blocks]
    assert kinds[:2] == [0x0A0D0D0A, 1]
    assert set(kinds[2:]) <= {6}
    assert unpack_from("<IHHq", blocks[0][1]) == (0x1A2B3C4D, 1, 0, -1)
    assert unpack_from("<HHI", blocks[1][1]) == (101, 0, 0)
    return [_packet(body) for _, body in blocks[2:]]


def _blocks(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(data):
        kind, length = unpack_from("<II", data, at)
        assert length % 4 == 0
        assert unpack_from("<I", data, at + length - 4) == (length,)
        found.append((kind, data[at + 8 : at + length - 4]))
        at += length
    assert at == len(data)
    return found


def _packet(body: bytes) -> Captured:
    interface, high, low, captured, original = unpack_from("<IIIII", body)
    assert interface == 0
    end = 20 + captured + -captured % 4
    source, destination, protocol, payload, missing = _ip(body[20 : 20 + captured], original - captured)
    pseudo = source + destination + (len(payload) + missing).to_bytes(4) + protocol.to_bytes(4)
    if not missing:
        assert _folded(pseudo + payload) == 0xFFFF
    source_port, destination_port = unpack_from("!HH", payload)
    sequence = acknowledged = 0
    if protocol == 17:
        head, transport = 8, "udp"
        assert unpack_from("!H", payload, 4)[0] == len(payload) + missing
    else:
        head, transport = (payload[12] >> 4) * 4, "tcp"
        sequence, acknowledged = unpack_from("!II", payload, 4)
    return Captured(
        at=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=(high << 32) + low),
        source=_endpoint(source, source_port),
        destination=_endpoint(destination, destination_port),
        transport=transport,
        data=payload[head:],
        missing=missing,
        sequence=sequence,
        acknowledged=acknowledged,
        comment=_comment(body[end:]),
    )


def _ip(packet: bytes, missing: int) -> tuple[bytes, bytes, int, bytes, int]:
    version = packet[0] >> 4
    assert version in (4, 6)
    if version == 4:
        assert _folded(packet[:20]) == 0xFFFF
        assert unpack_from("!H", packet, 2)[0] == len(packet) + missing
        return packet[12:16], packet[16:20], packet[9], packet[20:], missing
    assert unpack_from("!H", packet, 4)[0] == len(packet) - 40 + missing
    return packet[8:24], packet[24:40], packet[6], packet[40:], missing


def _folded(data: bytes) -> int:
    padded = data + bytes(len(data) % 2)
    total: int = sum(unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return total


def _endpoint(address: bytes, port: int) -> str:
    host = ip_address(address)
    return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"


def _comment(options: bytes) -> str:
    if not options:
        return ""
    code, length = unpack_from("<HH", options)
    assert code == 1
    end = 4 + length + -length % 4
    assert options[end:] == bytes(4)
    return options[4 : 4 + length].decode()
