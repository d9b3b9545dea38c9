"""What a report's trace recorded, as packets: what went inside of TLS is in the clear, what is redacted stays so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from operator import attrgetter

from sipcheck.report.model import Direction, Report, TraceStep
from sipcheck.report.pcapng import TCP, UDP, Endpoint, Packet, write_pcapng

_APPLICATION = "sipcheck (messages of a verification; the IP, UDP and TCP headers are made up around them)"
_INSIDE_TLS = "This went inside of TLS; shown is what was inside."
_CUT = "The last {} bytes were not kept."


@dataclass(slots=True)
class _Flow:
    """The bytes that went each way of a connection."""

    sent: dict[tuple[Endpoint, Endpoint], int] = field(default_factory=dict)

    def count(self, way: tuple[Endpoint, Endpoint], octets: int) -> tuple[int, int]:
        before = self.sent.get(way, 0)
        self.sent[way] = before + octets
        return before, self.sent.get(way[::-1], 0)


def capture(reports: Sequence[Report]) -> Iterator[bytes]:
    """Yield a pcapng file of what these reports recorded; the first one's verdict is the file's comment."""
    packets = [packet for report in reports for packet in packets_of(report)]
    verdict = f"{reports[0].outcome}: {reports[0].reason}\n{reports[0].summary}\n{reports[0].advice}".strip()
    yield from write_pcapng(sorted(packets, key=attrgetter("at")), application=_APPLICATION, comment=verdict)


def packets_of(report: Report) -> Iterator[Packet]:
    """Give the messages of a report in their order; what happened before one stands in its comment."""
    flow = _Flow()
    events: list[str] = []
    for step in report.trace:
        if step.direction is Direction.EVENT:
            events.append(step.text)
            continue
        yield _packet(step, report, flow, events)
        events = []


def _packet(step: TraceStep, report: Report, flow: _Flow, events: list[str]) -> Packet:
    source, destination = _endpoint(step.source), _endpoint(step.destination)
    transport = (step.edge or "").rpartition("/")[2]
    data = step.message
    sequence, acknowledged = flow.count((source, destination), len(data) + step.cut_bytes)
    return Packet(
        at=report.started_at + timedelta(milliseconds=step.at_ms),
        source=source,
        destination=destination,
        protocol=UDP if transport == "udp" else TCP,
        data=data,
        cut_bytes=step.cut_bytes,
        sequence=sequence,
        acknowledged=acknowledged,
        comment="\n".join((*events, *_notes(transport, step.cut_bytes))),
    )


def _notes(transport: str, cut_bytes: int) -> Iterator[str]:
    if transport == "tls":
        yield _INSIDE_TLS
    if cut_bytes:
        yield _CUT.format(cut_bytes)


def _endpoint(text: str | None) -> Endpoint:
    host, _, port = (text or "").rpartition(":")
    return Endpoint(ip_address(host.strip("[]")), int(port))
