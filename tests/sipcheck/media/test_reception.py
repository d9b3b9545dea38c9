"""What is counted of a stream (RFC 3550 §6.4.1, §A)."""

import pytest

from sipcheck.media.reception import Reception
from sipcheck.media.rtp import RtpPacket


def packet(sequence: int, *, ssrc: int = 1, at_frame: int | None = None) -> RtpPacket:
    frame = sequence if at_frame is None else at_frame
    return RtpPacket(
        payload_type=0, sequence=sequence % 65536, timestamp=frame * 160 % 2**32, ssrc=ssrc, payload=b""
    )


def received(sequences: list[int]) -> Reception:
    reception = Reception()
    for sequence in sequences:
        reception.take(packet(sequence), sequence * 0.02)
    return reception


# The sequence numbers that came, how many of them are missing, and the extended highest.
TABLE = {
    "all": ([1, 2, 3, 4], 0, 4),
    "one missing": ([1, 2, 4], 1, 4),
    "out of order": ([1, 3, 2, 4], 0, 4),
    "copies do not make up for more than is missing": ([1, 2, 2, 2, 2], 0, 2),
    "round the end": ([65534, 65535, 65536, 65537], 0, 65537),
    "missing round the end": ([65534, 65537], 2, 65537),
    "before the first": ([5, 4, 6], 0, 6),
    "begun anew": ([1, 2, 30000, 30001], 0, 30001 + 65536),
    "one alone": ([7], 0, 7),
}


@pytest.mark.parametrize(("sequences", "lost", "highest"), TABLE.values(), ids=list(TABLE))
def test_what_is_missing(sequences: list[int], lost: int, highest: int) -> None:
    reception = received(sequences)
    assert (reception.packets, reception.lost) == (len(sequences), lost)
    (block,) = reception.reports()
    assert (block.highest_sequence, block.lost) == (highest, lost)


def test_nothing_came() -> None:
    reception = Reception()
    assert (reception.packets, reception.lost, reception.jitter_ms, reception.first_at) == (0, 0, None, None)
    assert reception.reports() == ()


def test_even_packets_have_no_jitter() -> None:
    assert received(list(range(50))).jitter_ms == pytest.approx(0, abs=1e-6)


def test_jitter_is_smoothed_by_sixteenths() -> None:
    """One packet 10 ms late: 10/16 ms; the next in time again: 15/16 of that and 10/16 ms (RFC 3550 §A.8)."""
    reception = Reception()
    for frame, late in ((0, 0.0), (1, 0.01), (2, 0.0)):
        reception.take(packet(frame), frame * 0.02 + late)
    first = 10 / 16
    assert reception.jitter_ms == pytest.approx(first + (10 - first) / 16)


def test_a_timestamp_that_jumps_is_no_jitter() -> None:
    reception = Reception()
    reception.take(packet(1), 0.02)
    reception.take(packet(2, at_frame=90_000), 0.04)
    assert reception.jitter_ms == 0


def test_invented_sources_fill_no_memory() -> None:
    reception = Reception()
    for ssrc in range(10_000):
        reception.take(packet(1, ssrc=ssrc), 0.0)
    assert (reception.packets, reception.beyond, len(reception.reports())) == (10_000, 9_992, 8)
