"""What a run saw, as its trace and its edges have it, for the claims of its sentences to be held against."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sipcheck.report.model import Direction, EdgeReport, Report, TraceStep
from sipcheck.target import edge_name

_CREDENTIALS = re.compile(r"^(?:Proxy-)?Authorization\s*:", re.IGNORECASE | re.MULTILINE)
_CSEQ_METHOD = re.compile(r"^CSeq\s*:\s*\d+\s+(\w+)", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"^SIP/2\.0\s+(\d{3})")
_CHALLENGES = (401, 407)


@dataclass(frozen=True)
class Seen:
    """The facts of a run, of one edge where a sentence names one."""

    report: Report
    edge: str | None

    @cached_property
    def steps(self) -> Sequence[TraceStep]:
        return [step for step in self.report.trace if self.edge is None or step.edge in (None, self.edge)]

    @cached_property
    def edges(self) -> Sequence[EdgeReport]:
        names = [(each, edge_name(each.address, each.port, each.transport)) for each in self.report.edges]
        return [each for each, name in names if self.edge in (None, name)]

    def sent(self, method: str = "", *, credentials: bool = False) -> int:
        """How many requests have left, retransmissions among them."""
        return sum(
            step.text.startswith(method) and (not credentials or _CREDENTIALS.search(step.text) is not None)
            for step in self.steps
            if step.direction is Direction.SENT
        )

    @cached_property
    def responses(self) -> Sequence[tuple[str, int]]:
        """Method and status of what came in SIP, whoever it was for."""
        found = []
        for step in self.steps:
            status = _STATUS.match(step.text) if step.direction is Direction.RECEIVED else None
            if status is not None:
                method = _CSEQ_METHOD.search(step.text)
                found.append((method[1] if method else "", int(status[1])))
        return found

    def answered(self, status: int, method: str | None = None) -> bool:
        return any(code == status and method in (None, of) for of, code in self.responses)

    @property
    def challenged(self) -> bool:
        return any(status in _CHALLENGES for _, status in self.responses)

    def final(self, method: str | None = None) -> bool:
        return any(status >= 200 and method in (None, of) for of, status in self.responses)

    @property
    def last_method(self) -> str:
        """The method of the last request that was sent with credentials."""
        sent = [step.text for step in self.steps if step.direction is Direction.SENT]
        return next(text.partition(" ")[0] for text in reversed(sent) if _CREDENTIALS.search(text))

    def left_unanswered(self, method: str) -> bool:
        """Whether the last request of a method has no final answer: one with its branch, Call-ID, CSeq and From tag."""
        sent = [step for step in self.steps if step.direction is Direction.SENT]
        last = next((step for step in reversed(sent) if step.text.startswith(method)), None)
        if last is None:
            return False
        received = [step for step in self.steps if step.direction is Direction.RECEIVED]
        finals = [step for step in received if re.match(r"SIP/2\.0 [2-6]", step.text)]
        if self.sent("CANCEL"):
            # What we have made of a call ourselves is no answer of the peer's.
            finals = [step for step in finals if not step.text.startswith("SIP/2.0 487")]
        return all(identity(step.text) != identity(last.text) for step in finals)

    def each_sending_answered(self) -> bool:
        """Whether a request was sent more than once, and as many answers came to it."""
        sent = Counter(identity(s.text)[:3] for s in self.steps if s.direction is Direction.SENT)
        came = Counter(identity(s.text)[:3] for s in self.steps if s.direction is Direction.RECEIVED)
        return any(1 < times <= came[request] for request, times in sent.items())

    def told(self, *words: str) -> bool:
        """Whether an event of the trace has one of these words."""
        events = [step.text.lower() for step in self.steps if step.direction is Direction.EVENT]
        return any(word in event for word in words for event in events)

    def heard(self) -> bool:
        """Whether anything came, line ends among it."""
        return self.told("only line ends came") or any(
            step.direction is Direction.RECEIVED for step in self.steps
        )


def identity(message: str) -> tuple[str, ...]:
    """What tells answers apart (RFC 3261 §17.1.3), in letters of one size."""
    patterns = (
        r"branch=([^;\s]+)",
        r"^(?:Call-ID|i)\s*:\s*(\S+)",
        r"^CSeq\s*:\s*(.+?)\s*$",
        r"^(?:From|f)\s*:.*;tag=(\S+)",
    )
    found = [re.search(pattern, message, re.IGNORECASE | re.MULTILINE) for pattern in patterns]
    return tuple(each[1].lower() if each else "" for each in found)
