"""RTP and RTCP packets: written, read, and refused (RFC 3550)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipcheck.media.rtcp import ReceptionReport, SenderInfo, is_rtcp, parse_rtcp, write_rtcp
from sipcheck.media.rtp import RtpPacket, parse_rtp

PACKET = RtpPacket(payload_type=8, sequence=65535, timestamp=160, ssrc=7, payload=b"x" * 160, marker=True)
WRITTEN = PACKET.pack()
SENDER = SenderInfo(at=1_700_000_000.5, timestamp=320, packets=2, octets=320)
BLOCK = ReceptionReport(
    ssrc=9, fraction_lost=3, lost=-2, highest_sequence=70000, jitter=11, last_report=1, delay=2
)


def test_a_packet_is_read_as_it_was_written() -> None:
    assert len(WRITTEN) == 172
    assert parse_rtp(WRITTEN) == PACKET


def test_sources_extension_and_padding_are_no_payload() -> None:
    head = bytearray(WRITTEN[:12])
    head[0] |= 0x20 | 0x10 | 2
    data = bytes(head) + bytes(8) + struct.pack("!HH", 0xBEDE, 1) + bytes(4) + b"payload" + bytes(3) + b"\x04"
    packet = parse_rtp(data)
    assert packet is not None
    assert packet.payload == b"payload"


# What is no RTP, and why.
NO_RTP = {
    "empty": b"",
    "short": WRITTEN[:11],
    "version 1": bytes([0x40]) + WRITTEN[1:],
    "rtcp": b"\x80\xc8" + WRITTEN[2:],
    "sources beyond the end": bytes([0x8F]) + WRITTEN[1:20],
    "extension beyond the end": bytes([0x90]) + WRITTEN[1:13],
    "a long extension": bytes([0x90]) + WRITTEN[1:12] + b"\x00\x00\xff\xff",
    "padding beyond the beginning": bytes([0xA0]) + WRITTEN[1:12] + b"\xff",
    "padding of nothing": bytes([0xA0]) + WRITTEN[1:12] + b"\x00",
    "stun": bytes.fromhex("000100002112a442") + bytes(12),
    "sip": b"OPTIONS sip:a@b SIP/2.0\r\n\r\n",
}


@pytest.mark.parametrize("data", NO_RTP.values(), ids=list(NO_RTP))
def test_what_is_no_rtp_is_none(data: bytes) -> None:
    assert parse_rtp(data) is None


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd", "x" * 300])
@pytest.mark.parametrize("goodbye", [False, True])
def test_a_report_is_read_as_it_was_written(name: str, goodbye: bool) -> None:
    written = write_rtcp(5, name, sender=SENDER, reports=(BLOCK,), goodbye=goodbye)
    assert len(written) % 4 == 0
    read = parse_rtcp(written)
    assert read is not None
    assert (read.ssrc, read.told, read.reports, read.goodbye) == (5, True, (BLOCK,), goodbye)
    assert is_rtcp(written)
    assert parse_rtp(written) is None


def test_a_receivers_report_may_have_no_block() -> None:
    read = parse_rtcp(write_rtcp(5, "x"))
    assert read is not None
    assert (read.told, read.reports, read.sender_time) == (True, (), 0)


def test_what_is_cut_off_is_left_out() -> None:
    whole = write_rtcp(5, "x", sender=SENDER, reports=(BLOCK,))
    assert parse_rtcp(whole[:20]) is None
    more_than_is_there = bytes([whole[0] | 0x1F]) + whole[1:]
    read = parse_rtcp(more_than_is_there)
    assert read is not None
    assert read.reports == (BLOCK,)


@given(data=st.binary(max_size=200))
def test_whatever_comes_is_read_or_none(data: bytes) -> None:
    for each in (data, WRITTEN[:1] + data, write_rtcp(5, "x", reports=(BLOCK,))[:9] + data):
        packet = parse_rtp(each)
        assert packet is None or packet.payload in each
        report = parse_rtcp(each)
        assert report is None or len(report.reports) <= 31 * (len(each) // 4 + 1)
