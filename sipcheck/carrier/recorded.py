"""What a report saw a peer answer: each request of its trace, and the bytes that came for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sipcheck.errors import ParseError
from sipcheck.message.message import Request
from sipcheck.message.parser import parse
from sipcheck.report.model import Direction, TraceStep


@dataclass(slots=True)
class RecordedRequest:
    """A request as it was sent from `source`, and what answered it; each answer once, however often it came."""

    request: Request
    source: str
    at_ms: float
    answers: list[bytes] = field(default_factory=list)
    first_after_ms: float | None = None

    def take(self, step: TraceStep) -> None:
        """Note an answer; what was cut off is filled up, so that its length is as it was."""
        data = step.message + b" " * step.cut_bytes
        if data not in self.answers:
            self.answers.append(data)
        if self.first_after_ms is None:
            self.first_after_ms = step.at_ms - self.at_ms


def read_requests(steps: Sequence[TraceStep]) -> list[RecordedRequest]:
    """Read the requests of one edge with their answers; one that was sent again is the same."""
    found: dict[str, RecordedRequest] = {}
    for step in steps:
        if step.direction is Direction.SENT:
            _note_request(step, found)
        elif step.direction is Direction.RECEIVED and found:
            _asked_by(step.message, found).take(step)
    return list(found.values())


def _note_request(step: TraceStep, found: dict[str, RecordedRequest]) -> None:
    try:
        message = parse(step.message)
    except ParseError:
        return  # line ends that keep a connection alive
    if isinstance(message, Request):
        branch = message.vias[0].branch or ""
        found.setdefault(branch, RecordedRequest(message, step.source or "", step.at_ms))


def _asked_by(answer: bytes, found: Mapping[str, RecordedRequest]) -> RecordedRequest:
    """The request that an answer repeats most of: its branch, else its dialog, else the last one that was sent."""
    requests = list(found.values())
    for marks in (_branch, _dialog):
        for each in reversed(requests):
            if marks(each.request) in answer:
                return each
    return requests[-1]


def _branch(request: Request) -> bytes:
    """Without its magic cookie, in whose place another may stand (docs/design/sip.md, requirement 4)."""
    return (request.vias[0].branch or "").removeprefix("z9hG4bK").encode("utf-8", "surrogateescape")


def _dialog(request: Request) -> bytes:
    return request.call_id.encode("utf-8", "surrogateescape")
