"""The timed steps of a verification, redacted when they are recorded, never when they are shown."""

import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sipcheck.report.model import Direction, TraceStep
from sipcheck.report.printable import printable
from sipcheck.report.redaction import redact
from sipcheck.target import HostPort

# Called with a step as soon as it is recorded.
OnStep = Callable[[TraceStep], None]

_TEXT_LIMIT = 4096

# Of what a peer makes us record, the first steps and the last stay: eight edges at their most talkative need about a
# hundred. What we sent stays whole: it is bounded by the timers, and others count it.
_HEAD_STEPS = 200
_HEAD_CHARACTERS = 192 * 1024
_TAIL_STEPS = 48
_TAIL_CHARACTERS = 64 * 1024


@dataclass(slots=True)
class Trace:
    """Collects steps, and tells each as it comes; times are milliseconds since the trace was made."""

    clock: Callable[[], float] = time.monotonic
    told: OnStep | None = None
    _started: float = field(init=False)
    _concealed: list[str] = field(default_factory=list, repr=False)
    _before: tuple[TraceStep, ...] = ()
    _kept: list[TraceStep] = field(default_factory=list)
    _head_steps: int = 0
    _head_characters: int = 0
    _tail: deque[TraceStep] = field(default_factory=deque)
    _tail_characters: int = 0
    _left_out: int = 0
    _left_out_at_ms: float = 0.0

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def steps(self) -> tuple[TraceStep, ...]:
        """What was recorded, in its order; a step says how many others were left out in its place."""
        if not self._tail:
            return (*self._before, *self._kept)
        gap = [self._gap()] if self._left_out else []
        own = sorted((*self._kept, *gap, *self._tail), key=lambda step: step.at_ms)
        return (*self._before, *own)

    def begin_with(self, earlier: "Trace", why: str) -> None:
        """Put what another trace has recorded before everything else, at times below zero; an event says why."""
        earlier_by_ms = (self._started - earlier._started) * 1000
        steps = [replace(step, at_ms=round(step.at_ms - earlier_by_ms, 3)) for step in earlier.steps]
        self._before = (TraceStep(steps[0].at_ms, None, Direction.EVENT, why), *steps) if steps else ()

    def elapsed_ms(self) -> float:
        return (self.clock() - self._started) * 1000

    def conceal(self, secret: str) -> None:
        """Keep these very characters out of every later step, wherever a peer may echo them."""
        self._concealed.append(secret)

    def without_secrets(self, text: str) -> str:
        """Take out what was concealed: also for a peer's words that go into the report by another way."""
        for secret in self._concealed:
            text = text.replace(secret, "<redacted>")
        return text

    def sent(self, edge: str, message: bytes, source: HostPort, destination: HostPort) -> None:
        self._message(edge, Direction.SENT, message, source, destination)

    def received(self, edge: str, message: bytes, source: HostPort, destination: HostPort) -> None:
        self._message(edge, Direction.RECEIVED, message, source, destination)

    def event(self, edge: str | None, text: str) -> None:
        shown = self.without_secrets(redact(printable(text)))
        if len(shown) > _TEXT_LIMIT:
            shown = f"{shown[:_TEXT_LIMIT]}… ({len(shown) - _TEXT_LIMIT} more characters)"
        self._keep(TraceStep(self._now_ms(), edge, Direction.EVENT, shown))

    def _message(
        self, edge: str, direction: Direction, message: bytes, source: HostPort, destination: HostPort
    ) -> None:
        # surrogateescape: bytes that are not UTF-8 can be had back.
        whole = self.without_secrets(redact(message.decode("utf-8", "surrogateescape")))
        kept, rest = whole[:_TEXT_LIMIT], _encoded(whole[_TEXT_LIMIT:])
        text = printable(kept)
        octets = None
        if text.replace("\n", "\r\n") != kept:
            octets = b64encode(_encoded(kept)).decode("ascii")
        if rest:
            text = f"{text}… ({len(rest)} more bytes)"
            octets = octets or b64encode(_encoded(kept)).decode("ascii")
        self._keep(
            TraceStep(self._now_ms(), edge, direction, text, str(source), str(destination), octets, len(rest))
        )

    def _now_ms(self) -> float:
        return round(self.elapsed_ms(), 3)

    def _keep(self, step: TraceStep) -> None:
        if self.told is not None:
            self.told(step)
        if step.direction is Direction.SENT:
            self._kept.append(step)
            return
        size = _size(step)
        if (
            not self._tail
            and self._head_steps < _HEAD_STEPS
            and self._head_characters + size <= _HEAD_CHARACTERS
        ):
            self._head_steps += 1
            self._head_characters += size
            self._kept.append(step)
            return
        self._tail.append(step)
        self._tail_characters += size
        while len(self._tail) > _TAIL_STEPS or self._tail_characters > _TAIL_CHARACTERS:
            oldest = self._tail.popleft()
            self._tail_characters -= _size(oldest)
            self._left_out += 1
            self._left_out_at_ms = oldest.at_ms

    def _gap(self) -> TraceStep:
        count = self._left_out
        steps = "1 step was" if count == 1 else f"{count} steps were"
        return TraceStep(
            self._left_out_at_ms,
            None,
            Direction.EVENT,
            f"{steps} left out up to here: too much was received",
        )


def _size(step: TraceStep) -> int:
    return len(step.text) + len(step.octets or "")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
