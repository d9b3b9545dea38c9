"""The timed steps of a verification, redacted when they are recorded, never when they are shown."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sipcheck.printable import printable
from sipcheck.report.model import Direction, TraceStep

_TEXT_LIMIT = 4096
_STEP_LIMIT = 250  # eight edges at their most talkative need about a hundred

_CREDENTIAL_LINE = re.compile(
    r"^((?:Proxy-)?Authorization[ \t]*:)[ \t]*([^\s]+)?(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE
)
# What a dictionary attack on a captured digest needs besides the public challenge.
_SECRET_PARAMETER = re.compile(r'\b(response|cnonce)(\s*=\s*)("(?:[^"\\]|\\.)*"|[^\s,]+)', re.IGNORECASE)


def redact(text: str) -> str:
    """Take every digest response, and whatever is not Digest, out of the Authorization lines of a message."""

    def _line(match: re.Match[str]) -> str:
        name, scheme, rest = match.group(1), match.group(2) or "", match.group(3)
        if scheme.lower() != "digest":
            return f"{name} {scheme} <redacted>"
        return (
            f"{name} {scheme}{_SECRET_PARAMETER.sub(lambda m: f'{m.group(1)}{m.group(2)}<redacted>', rest)}"
        )

    return _CREDENTIAL_LINE.sub(_line, text)


@dataclass(slots=True)
class Trace:
    """Collects steps; times are milliseconds since the trace was made."""

    clock: Callable[[], float] = time.monotonic
    steps: list[TraceStep] = field(default_factory=list)
    _started: float = field(init=False)
    _concealed: list[str] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

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

    def sent(self, edge: str, message: bytes) -> None:
        self._record(edge, Direction.SENT, _decode(message))

    def received(self, edge: str, message: bytes) -> None:
        self._record(edge, Direction.RECEIVED, _decode(message))

    def event(self, edge: str | None, text: str) -> None:
        self._record(edge, Direction.EVENT, text)

    def _record(self, edge: str | None, direction: Direction, text: str) -> None:
        if len(self.steps) >= _STEP_LIMIT:
            return
        if len(self.steps) == _STEP_LIMIT - 1:
            edge, direction, text = None, Direction.EVENT, "the trace ends here: too much was received"
        shown = self.without_secrets(redact(printable(text)))
        if len(shown) > _TEXT_LIMIT:
            shown = f"{shown[:_TEXT_LIMIT]}… ({len(shown) - _TEXT_LIMIT} more characters)"
        self.steps.append(TraceStep(round(self.elapsed_ms(), 3), edge, direction, shown))


def _decode(message: bytes) -> str:
    return message.decode("utf-8", errors="replace")
