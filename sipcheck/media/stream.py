"""The media of one call on its pair of sockets: what is sent, and a count of what comes. Nothing of it is stored."""

import asyncio
import secrets
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle

from sipcheck.failure import Failure
from sipcheck.guard import Guard
from sipcheck.host import plain_address
from sipcheck.media.answer import AgreedMedia
from sipcheck.media.codec import FRAME_SAMPLES, FRAME_SECONDS, Codec
from sipcheck.media.encryption import SrtpKey
from sipcheck.media.outcome import MediaSeen
from sipcheck.media.reception import Reception
from sipcheck.media.rtcp import Rtcp, SenderInfo, is_rtcp, parse_rtcp, write_rtcp
from sipcheck.media.rtp import SEQUENCES, TIMESTAMPS, RtpPacket, parse_rtp
from sipcheck.media.sockets import MediaSockets
from sipcheck.media.srtp import Srtp
from sipcheck.media.tone import known_again, tone_frames
from sipcheck.target import HostPort

# To an address from which nothing has come: a second of sound, and no more.
MOST_UNHEARD_PACKETS = 50
# Of addresses that a peer names one after the other.
_MOST_HOSTS = 4
# A call brings one or two in 20 ms. What a flood brings beyond these is left to the system, which drops it.
_MOST_DATAGRAMS_A_TICK = 200
_MOST_DATAGRAMS_AT_ONCE = 32
_READ_OCTETS = 4096
# After a stop of our own so many frames are made up for; more would be a burst that no network bears.
_MOST_MADE_UP = 10
# RFC 3550 §6.2: five seconds between reports, half of it before the second; between two the first may go at once, and
# goes when there is something to report.
_REPORT_SECONDS = 5.0
_FIRST_REPORT_SECONDS = 0.5
_SECOND_REPORT_SECONDS = 2.5
# A peer can have heard us when so many have left.
_TELLING_PACKETS = 50
_NAME_OCTETS = 12  # RFC 7022 §4.2: 96 bits that nobody can follow from call to call
_MOST_SOURCES = 16
_COMFORT_NOISE = 13  # RFC 3389


class Voice(StrEnum):
    """What a side lets the other one hear; all but `mute` report what they receive."""

    TONE = "tone"
    ECHO = "echo"
    NOTHING = "nothing"
    MUTE = "mute"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaCount:
    """What a stream came to; moments are on the event loop's clock, `sources` by how many packets came from each.

    `early_packets` came before `start`. `refused` is what the guard said of the address that the peer named.
    """

    codec: Codec | None
    sent_packets: int
    received_packets: int
    early_packets: int
    echoed_packets: int
    other_packets: int
    first_packet_at: float | None
    lost: int
    jitter_ms: float | None
    sources: tuple[HostPort, ...]
    remote: HostPort | None
    refused: Failure | None
    seen: MediaSeen


@dataclass(eq=False, kw_only=True)
class MediaStream:
    """Listens from `open` on, sends from `start` on, and ends with `close`; all on one event loop.

    The guard judges what the peer names before anything leaves. Sent is at most `MOST_UNHEARD_PACKETS` to an address
    that has sent nothing itself. With a `key` of ours all is encrypted, and what is not is counted as `other_packets`.
    """

    sockets: MediaSockets
    guard: Guard
    voice: Voice = Voice.TONE
    key: SrtpKey | None = field(default=None, repr=False)
    _cipher: Srtp | None = None
    _agreed: AgreedMedia | None = None
    _refused: Failure | None = None
    _started_at: float | None = None
    _ended_at: float | None = None
    _reception: Reception = field(default_factory=Reception)
    _sources: Counter[HostPort] = field(default_factory=Counter)
    _heard_hosts: set[str] = field(default_factory=set)
    _unheard: Counter[str] = field(default_factory=Counter)
    _sent: int = 0
    _early: int = 0
    _echoed: int = 0
    _other: int = 0
    _reported: bool = False
    _reports_without_us: int = 0
    _reports: int = 0
    _tick: asyncio.TimerHandle | None = None
    _ticks: int = 0
    _read_in_tick: int = 0
    _paused: bool = False

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbelow(SEQUENCES // 2)
        self._timestamp = secrets.randbits(32)
        self._name = secrets.token_urlsafe(_NAME_OCTETS)
        self._opened_at = self._loop.time()
        self._next_report_at: float | None = None

    def open(self) -> None:
        """Begin to listen."""
        self._opened_at = self._loop.time()
        self._listen()
        self._schedule()

    def start(self, agreed: AgreedMedia) -> None:
        """Begin to send, as it was agreed; once more where the peer has named something else meanwhile."""
        self._refused = self.guard.judge(agreed.remote.host, agreed.remote.port or 0)
        if self.key is not None and agreed.key is not None and self._cipher is None:
            self._cipher = Srtp(self.key, agreed.key)
        self._agreed = agreed
        self._frames = cycle(tone_frames(agreed.codec))
        if self._started_at is None:
            self._started_at = self._loop.time()
            self._early = self._reception.packets
            self._next_report_at = self._started_at + _FIRST_REPORT_SECONDS

    def close(self) -> None:
        """Take leave where there was anything to leave, and give the ports back."""
        if self._ended_at is not None:
            return
        self._ended_at = self._loop.time()
        if self._tick is not None:
            self._tick.cancel()
        if self._started_at is not None:
            self._report(goodbye=True)
        self._stop_listening()
        self.sockets.close()

    def count(self, *, address_seen: bool | None = None) -> MediaCount:
        """Say what has come of it so far; `address_seen` is whether the carrier saw us where we named for media."""
        reception, agreed = self._reception, self._agreed
        until = self._ended_at if self._ended_at is not None else self._loop.time()
        seen = MediaSeen(
            sent_packets=self._sent,
            received_packets=reception.packets,
            echoed_packets=self._echoed,
            reported=self._reported,
            reports_without_us=self._reports_without_us,
            may_send=agreed is not None and agreed.sends and self._refused is None,
            may_receive=agreed is not None and agreed.receives,
            address_seen=address_seen,
            listened_seconds=0.0 if self._started_at is None else until - self._started_at,
        )
        return MediaCount(
            codec=None if agreed is None else agreed.codec,
            sent_packets=self._sent,
            received_packets=reception.packets,
            early_packets=reception.packets if self._started_at is None else self._early,
            echoed_packets=self._echoed,
            other_packets=self._other,
            first_packet_at=reception.first_at,
            lost=reception.lost,
            jitter_ms=reception.jitter_ms,
            sources=tuple(source for source, _ in self._sources.most_common()),
            remote=None if agreed is None else agreed.remote,
            refused=self._refused,
            seen=seen,
        )

    # What comes.

    def _listen(self) -> None:
        for each in (self.sockets.rtp, self.sockets.rtcp):
            self._loop.add_reader(each, self._read, each)
        self._paused = False

    def _stop_listening(self) -> None:
        for each in (self.sockets.rtp, self.sockets.rtcp):
            self._loop.remove_reader(each)
        self._paused = True

    def _read(self, source: socket.socket) -> None:
        for _ in range(_MOST_DATAGRAMS_AT_ONCE):
            if self._read_in_tick >= _MOST_DATAGRAMS_A_TICK:
                self._stop_listening()
                return
            try:
                data, address = source.recvfrom(_READ_OCTETS)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                # An ICMP error of something sent before; what comes is what counts here.
                continue
            self._read_in_tick += 1
            self._take(data, HostPort(plain_address(address[0]), address[1]))

    def _take(self, data: bytes, source: HostPort) -> None:
        self._hear(source.host)
        control = is_rtcp(data)
        plain = data if self._cipher is None else self._cipher.unprotect(data, control=control)
        if plain is None:
            self._other += not control
            return
        if control:
            report = parse_rtcp(plain)
            if report is not None:
                self._take_report(report)
            return
        packet = parse_rtp(plain)
        if packet is None:
            return
        self._reception.take(packet, self._loop.time())
        if source in self._sources or len(self._sources) < _MOST_SOURCES:
            self._sources[source] += 1
        self._consider(packet, source)

    def _hear(self, host: str) -> None:
        """Note that an address has sent something; invented ones fill no memory, and do not displace the peer's own."""
        named = self._agreed is not None and host == self._agreed.remote.host
        if named or len(self._heard_hosts) < _MOST_SOURCES:
            self._heard_hosts.add(host)

    def _consider(self, packet: RtpPacket, source: HostPort) -> None:
        agreed = self._agreed
        if agreed is None:
            return
        codec = dict(agreed.payload_types).get(packet.payload_type)
        if codec is None:
            self._other += packet.payload_type not in (agreed.telephone_event, _COMFORT_NOISE)
        elif packet.payload in known_again(codec):
            self._echoed += 1
        if self.voice is Voice.ECHO and codec is not None and source.host == agreed.remote.host:
            self._send_payload(agreed, packet.payload_type, packet.payload, packet.timestamp)

    def _take_report(self, report: Rtcp) -> None:
        if any(block.ssrc == self._ssrc for block in report.reports):
            self._reported = True
        elif report.told and self._sent >= _TELLING_PACKETS:
            self._reports_without_us += 1

    # What is sent.

    def _schedule(self) -> None:
        self._ticks += 1
        self._tick = self._loop.call_at(self._opened_at + self._ticks * FRAME_SECONDS, self._on_tick)

    def _on_tick(self) -> None:
        self._read_in_tick = 0
        if self._paused:
            self._listen()
        self._speak()
        now = self._loop.time()
        if self._next_report_at is not None and now >= self._next_report_at:
            self._next_report_at = now + (_REPORT_SECONDS if self._reports else _SECOND_REPORT_SECONDS)
            self._reports += 1
            self._report()
        self._schedule()

    def _speak(self) -> None:
        """Send the frame that is due; after a stop of our own some of those that were due meanwhile."""
        behind = int((self._loop.time() - self._opened_at) / FRAME_SECONDS) - self._ticks
        self._ticks += max(0, behind - _MOST_MADE_UP)
        if self.voice is not Voice.TONE or self._agreed is None:
            return
        self._send_payload(self._agreed, self._agreed.payload_type, next(self._frames), self._timestamp)

    def _send_payload(self, agreed: AgreedMedia, payload_type: int, payload: bytes, timestamp: int) -> None:
        if not agreed.sends or self._refused is not None:
            return
        packet = RtpPacket(
            payload_type=payload_type,
            sequence=self._sequence,
            timestamp=timestamp,
            ssrc=self._ssrc,
            payload=payload,
            marker=self._sent == 0,
        )
        self._timestamp = (timestamp + FRAME_SAMPLES) % TIMESTAMPS
        if self._send(self.sockets.rtp, packet.pack(), agreed.remote):
            self._sequence = (self._sequence + 1) % SEQUENCES
            self._sent += 1

    def _report(self, *, goodbye: bool = False) -> None:
        agreed = self._agreed
        if self.voice is Voice.MUTE or agreed is None or agreed.rtcp is None or self._refused is not None:
            return
        if self.guard.judge(agreed.rtcp.host, agreed.rtcp.port or 0) is not None:
            return
        sender = SenderInfo(
            at=time.time(), timestamp=self._timestamp, packets=self._sent, octets=self._sent * FRAME_SAMPLES
        )
        written = write_rtcp(
            self._ssrc,
            self._name,
            sender=sender if self._sent else None,
            reports=self._reception.reports(),
            goodbye=goodbye,
        )
        self._send(self.sockets.rtcp, written, agreed.rtcp)

    def _send(self, by: socket.socket, data: bytes, remote: HostPort) -> bool:
        if remote.host not in self._heard_hosts:
            if self._unheard[remote.host] >= MOST_UNHEARD_PACKETS:
                return False
            if remote.host not in self._unheard and len(self._unheard) >= _MOST_HOSTS:
                return False
            self._unheard[remote.host] += 1
        if self._cipher is not None:
            data = self._cipher.protect(data, control=by is self.sockets.rtcp)
        try:
            by.sendto(data, (remote.host, remote.port))
        except OSError:
            # Said by the next one's ICMP, or by no room in the system: media has no acknowledgement to wait for.
            return False
        return True
