"""The Call-IDs of a run's requests, by which a carrier's engineer finds them in his logs."""

from collections.abc import Iterable
from dataclasses import dataclass

from sipcheck.report.model import Direction, TraceStep

_HEADERS = ("call-id", "i")


@dataclass(frozen=True, slots=True)
class SentRequest:
    """The first of the requests with a Call-ID that we sent; `edge` is where it went."""

    at_ms: float
    method: str
    call_id: str
    edge: str | None


def sent_requests(steps: Iterable[TraceStep]) -> list[SentRequest]:
    """List what was sent, each Call-ID once, in the order of sending."""
    found: dict[str, SentRequest] = {}
    for step in steps:
        if step.direction is not Direction.SENT:
            continue
        method, _, _ = step.text.partition(" ")
        call_id = _call_id(step.text)
        if call_id is not None and call_id not in found:
            found[call_id] = SentRequest(step.at_ms, method, call_id, step.edge)
    return list(found.values())


def _call_id(text: str) -> str | None:
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() in _HEADERS:
            return value.strip()
    return None
