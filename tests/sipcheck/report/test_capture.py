"""The packets that a report's messages become, by a strict reader; tshark reads them in tests/sipcheck/cli."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sipcheck.phrases.sentence import Sentence
from sipcheck.report.capture import packets_of
from sipcheck.report.model import Direction, TraceStep
from sipcheck.report.pcapng import write_pcapng
from sipcheck.report.trace import Trace
from sipcheck.target import HostPort
from sipcheck.verification.report_without_run import invalid_target_report
from tests.sipcheck.pcapng_reader import Captured, read_pcapng

OUR = {4: HostPort("192.0.2.1", 5070), 6: HostPort("2001:db8::1", 5070)}
PEER = {4: HostPort("192.0.2.2", 5060), 6: HostPort("2001:db8::2", 5060)}
STARTED = datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)


def captured(trace: Sequence[TraceStep]) -> list[Captured]:
    report = invalid_target_report("x y", Sentence("target.space"), started_at=STARTED)
    made = b"".join(write_pcapng(packets_of(replace(report, trace=tuple(trace))), application="test"))
    return read_pcapng(made)


def step(transport: str, direction: Direction, data: bytes, *, family: int = 4, at: float = 0.0) -> TraceStep:
    trace = Trace(clock=lambda: at)
    ends = OUR[family], PEER[family]
    edge = f"{PEER[family]}/{transport}"
    if direction is Direction.SENT:
        trace.sent(edge, data, *ends)
    else:
        trace.received(edge, data, *ends[::-1])
    return trace.steps[0]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
@pytest.mark.parametrize(
    "data",
    [b"", b"a", b"SIP/2.0 200 OK\r\n\r\n", b"\x00\xff\xfe" * 7, "ü\r\n".encode(), b"x" * 4096],
    ids=["empty", "odd", "message", "bytes", "utf-8", "as-much-as-is-kept"],
)
def test_a_message_is_a_packet_with_right_sums(family: int, transport: str, data: bytes) -> None:
    (packet,) = captured([step(transport, Direction.SENT, data, family=family)])
    assert (packet.source, packet.destination) == (str(OUR[family]), str(PEER[family]))
    assert packet.transport == ("udp" if transport == "udp" else "tcp")
    assert (packet.data, packet.missing) == (data, 0)
    assert ("inside of TLS" in packet.comment) == (transport == "tls")


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("more", [1, 4, 50_000, 200_000])
def test_what_was_cut_is_counted(family: int, transport: str, more: int) -> None:
    long = step(transport, Direction.RECEIVED, b"y" * (4096 + more), family=family)
    assert long.cut_bytes == more
    raw = b"".join(
        write_pcapng(
            packets_of(
                replace(
                    invalid_target_report("x y", Sentence("target.space"), started_at=STARTED), trace=(long,)
                )
            ),
            application="test",
        )
    )
    assert raw
    if more < 60_000:  # of more than a packet can hold, its lengths say as much as they can
        (packet,) = read_pcapng(raw)
        assert (packet.data, packet.missing) == (b"y" * 4096, more)
        assert f"The last {more} bytes were not kept." in packet.comment


def test_a_connection_counts_its_bytes_each_way() -> None:
    packets = captured(
        [
            step("tcp", Direction.SENT, b"12345"),
            step("tcp", Direction.RECEIVED, b"123"),
            step("tcp", Direction.SENT, b"1"),
        ]
    )
    assert [(each.sequence, each.acknowledged) for each in packets] == [(1, 1), (1, 6), (6, 4)]


def test_the_moment_is_the_steps_and_events_are_told_beside_the_next_message() -> None:
    before = TraceStep(-1500.25, None, Direction.EVENT, "shared by 3 rows")
    sent = replace(step("udp", Direction.SENT, b"a"), at_ms=-1000.5)
    answer = replace(step("udp", Direction.RECEIVED, b"b"), at_ms=12.345)
    last = TraceStep(20.0, None, Direction.EVENT, "told to nobody")
    first, second = captured([before, sent, answer, last])
    assert first.at == STARTED - timedelta(milliseconds=1000.5)
    assert second.at == STARTED + timedelta(microseconds=12345)
    assert (first.comment, second.comment) == ("shared by 3 rows", "")


def test_a_report_without_messages_is_a_capture_without_packets() -> None:
    assert captured([]) == []
