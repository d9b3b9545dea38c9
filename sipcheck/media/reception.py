"""What was received of a stream: how many, how many are missing, how evenly (RFC 3550 §6.4.1, §A.1, §A.3, §A.8)."""

from dataclasses import dataclass, field

from sipcheck.media.codec import SAMPLE_RATE
from sipcheck.media.rtcp import ReceptionReport
from sipcheck.media.rtp import SEQUENCES, RtpPacket

# §A.1: a jump beyond these is a source that began anew, or somebody else's packet.
_MOST_LEFT_OUT = 3000
_MOST_BEHIND = 100
# A flood of invented sources fills no memory.
_MOST_SOURCES = 8


@dataclass(slots=True)
class SourceReception:
    """One source's packets; `received` counts each that came, copies too."""

    ssrc: int
    first_sequence: int
    highest: int
    received: int = 0
    jitter: float = 0.0
    _transit: float | None = None

    def take(self, packet: RtpPacket, arrived_at: float) -> None:
        """Count a packet that came at this moment, in seconds on any steady clock."""
        self.received += 1
        self._follow(packet.sequence)
        transit = arrived_at * SAMPLE_RATE - packet.timestamp
        if self._transit is not None:
            # A timestamp that jumps, as behind a pause or from a new source, is no unevenness of the network.
            change = abs(transit - self._transit)
            if change < SAMPLE_RATE:
                self.jitter += (change - self.jitter) / 16
        self._transit = transit

    @property
    def expected(self) -> int:
        return self.highest - self.first_sequence + 1

    @property
    def lost(self) -> int:
        """Never below zero, though copies may outnumber what is missing."""
        return max(0, self.expected - self.received)

    @property
    def jitter_ms(self) -> float:
        return self.jitter * 1000 / SAMPLE_RATE

    def _follow(self, sequence: int) -> None:
        ahead = (sequence - self.highest) % SEQUENCES
        if ahead < _MOST_LEFT_OUT:
            self.highest += ahead
        elif ahead < SEQUENCES - _MOST_BEHIND:
            # Begun anew: what is missing before it stays missing, and the jump itself is not counted as lost.
            kept = self.expected
            self.highest = sequence + SEQUENCES
            self.first_sequence = self.highest - kept


@dataclass(slots=True)
class Reception:
    """All that came to one call; `packets` counts every RTP packet, `beyond` those of sources that are not followed."""

    packets: int = 0
    beyond: int = 0
    first_at: float | None = None
    last_at: float | None = None
    _sources: dict[int, SourceReception] = field(default_factory=dict)

    def take(self, packet: RtpPacket, arrived_at: float) -> None:
        """Count a packet."""
        self.packets += 1
        self.first_at = arrived_at if self.first_at is None else self.first_at
        self.last_at = arrived_at
        source = self._sources.get(packet.ssrc)
        if source is None:
            if len(self._sources) >= _MOST_SOURCES:
                self.beyond += 1
                return
            source = SourceReception(packet.ssrc, packet.sequence, packet.sequence)
            self._sources[packet.ssrc] = source
        source.take(packet, arrived_at)

    @property
    def lost(self) -> int:
        return sum(source.lost for source in self._sources.values())

    @property
    def jitter_ms(self) -> float | None:
        """That of the source of which most came; null before a second packet."""
        main = max(self._sources.values(), key=lambda each: each.received, default=None)
        return None if main is None or main.received < 2 else main.jitter_ms

    def reports(self) -> tuple[ReceptionReport, ...]:
        """A block for each source that is followed."""
        return tuple(
            ReceptionReport(
                ssrc=source.ssrc,
                lost=source.lost,
                highest_sequence=source.highest % (1 << 32),
                jitter=round(source.jitter) % (1 << 32),
            )
            for source in self._sources.values()
        )
