"""The media of a call on real sockets: what is sent and counted, and what never is."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from itertools import pairwise

import pytest

from sipcheck.guard import Guard
from sipcheck.media.answer import AgreedMedia
from sipcheck.media.codec import Codec
from sipcheck.media.outcome import MediaFlow, flow
from sipcheck.media.rtcp import write_rtcp
from sipcheck.media.rtp import RtpPacket, parse_rtp
from sipcheck.media.sockets import bind_media
from sipcheck.media.stream import MOST_UNHEARD_PACKETS, MediaStream, Voice
from sipcheck.reasons import Reason
from sipcheck.target import HostPort
from tests.observed import until
from tests.sipcheck.conftest import LOOPBACK


def agreed(remote: HostPort, codec: Codec = Codec.PCMU, **changes: object) -> AgreedMedia:
    values: dict[str, object] = {
        "codec": codec,
        "payload_type": codec.payload_type,
        "payload_types": tuple((each.payload_type, each) for each in Codec),
        "remote": remote,
        "rtcp": HostPort(remote.host, (remote.port or 0) + 1),
        "sends": True,
        "receives": True,
    }
    return AgreedMedia(**{**values, **changes})  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def stream(
    voice: Voice = Voice.TONE, *, guard: Guard = LOOPBACK, address: str = "127.0.0.1"
) -> AsyncIterator[MediaStream]:
    opened = MediaStream(sockets=bind_media(address), guard=guard, voice=voice)
    opened.open()
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("codec", Codec)
async def test_an_echo_proves_both_ways(codec: Codec, address: str) -> None:
    async with stream(address=address) as ours, stream(Voice.ECHO, address=address) as echo:
        echo.start(agreed(ours.sockets.local, codec))
        ours.start(agreed(echo.sockets.local, codec))
        await until(lambda: ours.count().echoed_packets >= 10)
        count = ours.count()
        assert flow(count.seen) is MediaFlow.BOTH
        assert (count.codec, count.lost, count.other_packets) == (codec, 0, 0)
        assert count.sources == (echo.sockets.local,)
        assert count.first_packet_at is not None
        assert 0 <= count.sent_packets - count.received_packets <= 5


async def test_rtcp_proves_that_ours_is_heard() -> None:
    async with stream() as ours, stream(Voice.NOTHING) as listener:
        listener.start(agreed(ours.sockets.local))
        ours.start(agreed(listener.sockets.local))
        await until(lambda: listener.count().received_packets >= 5)
        listener._report()
        await until(lambda: ours.count().seen.reported)
        assert flow(ours.count().seen) is MediaFlow.OUT_ONLY


async def test_at_most_so_many_packets_go_where_nothing_comes_from() -> None:
    """Reports too are packets: none goes beside, and none behind."""
    with contextlib.closing(bind_media("127.0.0.1")) as dumb:
        async with stream() as ours:
            ours.start(agreed(dumb.local))
            await until(lambda: ours._unheard[dumb.local.host] >= MOST_UNHEARD_PACKETS)
            await asyncio.sleep(0.1)
            assert ours.count().sent_packets < MOST_UNHEARD_PACKETS
        assert len(_waiting(dumb.rtp)) + len(_waiting(dumb.rtcp)) == MOST_UNHEARD_PACKETS


async def test_who_has_sent_something_gets_more() -> None:
    with contextlib.closing(bind_media("127.0.0.1")) as peer:
        async with stream() as ours:
            ours.start(agreed(peer.local))
            peer.rtcp.sendto(write_rtcp(1, "x"), ("127.0.0.1", (ours.sockets.local.port or 0) + 1))
            await until(lambda: ours.count().sent_packets > MOST_UNHEARD_PACKETS + 5)


async def test_nothing_goes_to_an_address_that_the_guard_forbids() -> None:
    with contextlib.closing(bind_media("127.0.0.1")) as peer:
        async with stream(guard=Guard()) as ours:
            ours.start(agreed(peer.local))
            await asyncio.sleep(0.15)
            count = ours.count()
            assert (count.sent_packets, count.seen.may_send) == (0, False)
            assert count.refused is not None
            assert count.refused.reason is Reason.ADDRESS_FORBIDDEN
        assert (_waiting(peer.rtp), _waiting(peer.rtcp)) == ([], [])


async def test_a_forbidden_address_of_reports_alone_gets_none() -> None:
    """Nor the farewell, which is sent at once where it may be."""
    guard = replace(LOOPBACK, allow_networks=(ip_network("127.0.0.1/32"),))
    with (
        contextlib.closing(bind_media("127.0.0.1")) as peer,
        contextlib.closing(bind_media("127.0.0.2")) as elsewhere,
    ):
        async with stream(guard=guard) as ours:
            ours.start(agreed(peer.local, rtcp=HostPort("127.0.0.2", (elsewhere.local.port or 0) + 1)))
            await until(lambda: ours.count().sent_packets >= 3)
        assert ours.count().refused is None
        assert _waiting(elsewhere.rtcp) == []


async def test_nothing_is_sent_where_nothing_was_agreed() -> None:
    with contextlib.closing(bind_media("127.0.0.1")) as peer:
        async with stream() as ours:
            ours.start(agreed(peer.local, sends=False))
            await until(lambda: bool(_peek(peer.rtcp)))
        assert _waiting(peer.rtp) == []


async def test_what_comes_before_the_answer_is_early() -> None:
    with contextlib.closing(bind_media("127.0.0.1")) as peer:
        async with stream() as ours:
            to = ("127.0.0.1", ours.sockets.local.port or 0)
            for sequence in range(3):
                peer.rtp.sendto(_packet(sequence).pack(), to)
            await until(lambda: ours.count().received_packets == 3)
            assert ours.count().early_packets == 3
            ours.start(agreed(peer.local))
            peer.rtp.sendto(_packet(4, payload_type=18).pack(), to)
            await until(lambda: ours.count().received_packets == 4)
            count = ours.count()
            assert (count.early_packets, count.lost, count.other_packets) == (3, 1, 1)


async def test_a_flood_is_counted_in_part_and_holds_nobody_up() -> None:
    with contextlib.closing(bind_media("127.0.0.1")) as peer:
        async with stream() as ours:
            to = ("127.0.0.1", ours.sockets.local.port or 0)
            ours.start(agreed(peer.local))
            data = _packet(1).pack()
            for _ in range(2000):
                with contextlib.suppress(BlockingIOError):
                    peer.rtp.sendto(data, to)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert ours.count().received_packets <= 400
            await until(lambda: ours.count().sent_packets >= 3)


async def test_farewell_is_said_and_the_ports_given_back() -> None:
    with contextlib.closing(bind_media("127.0.0.1")) as peer:
        async with stream() as ours:
            ours.start(agreed(peer.local))
            await until(lambda: ours.count().sent_packets >= 2)
        farewell = _waiting(peer.rtcp)[-1]
        assert farewell[-8:-4] == bytes([0x81, 203, 0, 1])
        ours.close()
        assert ours.sockets.rtp.fileno() == -1
        packets = [parse_rtp(data) for data in _waiting(peer.rtp)]
        assert [packet.marker for packet in packets if packet][:2] == [True, False]
        steps = {b.timestamp - a.timestamp for a, b in pairwise(packets) if a and b}
        assert steps <= {160}


def _packet(sequence: int, payload_type: int = 0) -> RtpPacket:
    return RtpPacket(
        payload_type=payload_type, sequence=sequence, timestamp=sequence * 160, ssrc=3, payload=b"\xff" * 160
    )


def _waiting(bound: socket.socket) -> list[bytes]:
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(bound.recv(4096))
    return found


def _peek(bound: socket.socket) -> bytes:
    try:
        return bound.recv(4096, socket.MSG_PEEK)
    except BlockingIOError:
        return b""
