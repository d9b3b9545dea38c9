"""What the sentences of a report claim to have happened, each held against the trace and the other facts of the run.

A claim is a phrase and a question to what was seen. A phrase that is never true of what one run can see (a packet that
got lost) has a question that is always answered no.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from sipcheck.report.model import Direction, EdgeReport, Report, TraceStep

_EDGE = re.compile(r"(?:[\d.]+|\[[\da-f:]+\]):\d+/(?:udp|tcp|tls)")
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
        names = [(each, f"{each.address}:{each.port}/{each.transport}") for each in self.report.edges]
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

    def final_behind_credentials(self) -> bool:
        """Whether a final answer came after the last request with credentials."""
        sent = [number for number, step in enumerate(self.steps) if step.direction is Direction.SENT]
        last = max(number for number in sent if _CREDENTIALS.search(self.steps[number].text))
        return bool(Seen.of_steps(self.report, self.steps[last:]).final())

    @classmethod
    def of_steps(cls, report: Report, steps: Sequence[TraceStep]) -> "Seen":
        seen = cls(report, None)
        seen.__dict__["steps"] = steps
        return seen

    def told(self, *words: str) -> bool:
        """Whether an event of the trace has one of these words."""
        events = [step.text.lower() for step in self.steps if step.direction is Direction.EVENT]
        return any(word in event for word in words for event in events)

    def heard(self) -> bool:
        return any(step.direction is Direction.RECEIVED for step in self.steps)


@dataclass(frozen=True, slots=True)
class Claim:
    phrase: re.Pattern[str]
    holds: Callable[[Seen, re.Match[str]], bool]


def _claim(phrase: str, holds: Callable[[Seen, re.Match[str]], bool]) -> Claim:
    return Claim(re.compile(phrase, re.IGNORECASE), holds)


def _never(seen: Seen, match: re.Match[str]) -> bool:
    return False


_PASSWORD_SENT = (
    r"was given it\b",
    r"once it was sent",
    r"was given the password",
    r"accepted the username and password",
    r"accepted them\b",
    r"rejects the username or the password",
)
_PASSWORD_KEPT = (
    r"no password was sent",
    r"none was sent",
    r"before a password was sent",
    r"no credentials were tested",
    r"it was not tried",
    r"they were not sent again",
)

CLAIMS = (
    *(_claim(phrase, lambda seen, _: seen.sent(credentials=True) > 0) for phrase in _PASSWORD_SENT),
    *(_claim(phrase, lambda seen, _: seen.sent(credentials=True) == 0) for phrase in _PASSWORD_KEPT),
    _claim(
        r"asked for no password|without asking for a password|never asks?",
        lambda seen, _: bool(seen.responses) and not seen.challenged,
    ),
    _claim(
        r"ask(?:ed|s) for (?:the |a |it\b)(?:username and )?(?:password)?(?! certificate)(?<!for a )",
        lambda seen, _: seen.challenged,
    ),
    _claim(r"the realm '[^']+' was answered", lambda seen, _: seen.sent(credentials=True) > 0),
    _claim(
        r"(?:(?:answered|refused) )?(OPTIONS|REGISTER) with (\d{3})\b",
        lambda seen, match: seen.answered(int(match[2]), match[1].upper()),
    ),
    _claim(
        r"(OPTIONS|REGISTER) (?:was answered|was refused|failed) with (\d{3})\b",
        lambda seen, match: seen.answered(int(match[2]), match[1].upper()),
    ),
    _claim(
        r"(OPTIONS|REGISTER): (\d{3})\b", lambda seen, match: seen.answered(int(match[2]), match[1].upper())
    ),
    _claim(r"(?:refused )?\((\d{3}) [^)]*\)", lambda seen, match: seen.answered(int(match[1]))),
    _claim(
        r"refuses (OPTIONS|REGISTER) for another reason",
        lambda seen, match: any(of == match[1].upper() and code >= 400 for of, code in seen.responses),
    ),
    _claim(r"address gave no answer", lambda seen, _: seen.sent() > 0 and not seen.heard()),
    _claim(r"certificate of \S+ was refused", lambda seen, _: any(_refused(each) for each in seen.edges)),
    _claim(r"no answer at all|is silent", lambda seen, _: seen.sent() > 0 and not seen.heard()),
    _claim(
        r"took our request and gave no final answer",
        lambda seen, _: bool(seen.responses) and not seen.final(),
    ),
    _claim(
        r"gave no final answer once",
        lambda seen, _: not seen.final_behind_credentials(),
    ),
    _claim(r"gave no final answer in", lambda seen, _: seen.sent() > 0 and not seen.final()),
    _claim(
        r"(OPTIONS|REGISTER) stayed unanswered",
        lambda seen, match: seen.sent(match[1].upper()) > 0 and not seen.final(match[1].upper()),
    ),
    _claim(
        r"(OPTIONS|REGISTER) brought no answer that can be used",
        lambda seen, match: seen.sent(match[1].upper()) > 0 and not seen.final(match[1].upper()),
    ),
    _claim(r"while (OPTIONS|REGISTER) was answered", lambda seen, match: seen.final(match[1].upper())),
    _claim(
        r"(OPTIONS|REGISTER) was sent again (once|\d+ times)",
        lambda seen, match: seen.sent(match[1].upper()) > 1,
    ),
    _claim(r"does not answer|stayed? silent", lambda seen, _: not seen.heard()),
    _claim(r"closed the connection before it answered", lambda seen, _: not seen.final()),
    _claim(r"connection was cut", lambda seen, _: seen.told("closed", "reset", "broke", "connection")),
    _claim(r"the way there broke off", lambda seen, _: seen.told("closed", "reset", "refused", "connection")),
    _claim(r"refused us", lambda seen, _: seen.told("refused")),
    _claim(r"no connection to \S+ came about", lambda seen, _: seen.sent() == 0),
    _claim(r"has expired", lambda seen, _: seen.told("expired") or any(map(_ended, seen.edges))),
    _claim(r"is not valid yet", lambda seen, _: seen.told("not yet valid", "not-yet-valid")),
    _claim(r"domain does not exist", lambda seen, _: seen.told("nxdomain")),
    _claim(r"the answer took ([\d.]+) s", lambda seen, match: float(match[1]) >= 0.5),
    _claim(
        r"is unreachable|no way to", lambda seen, _: seen.told("unreachable", "no way", "host-unreachable")
    ),
    _claim(r"packets get lost|got lost|firewall drops?", _never),
)


def _refused(edge: EdgeReport) -> bool:
    return edge.certificate is not None and not edge.certificate.verified


def _ended(edge: EdgeReport) -> bool:
    """Whether the edge's own certificate has ended, or one that was refused for that."""
    certificate = edge.certificate
    if certificate is None:
        return False
    return certificate.not_after < datetime.now(UTC) or "expired" in (certificate.error or "")


def sentences_of(report: Report) -> Iterator[tuple[str, str | None]]:
    """All that a report says of what happened, and the edge that it says it of."""
    named = _EDGE.search(report.summary)
    yield report.summary, named[0] if named else None
    # What is advised may speak of what often is ("many carriers ..."), so it is held against the same claims.
    yield report.advice, named[0] if named else None
    for check in report.checks:
        yield check.detail, None
    for warning in report.warnings:
        yield warning.detail, warning.edge


def assert_claims(report: Report) -> None:
    """Hold each claim of each sentence of a report against what the run saw."""
    for text, edge in sentences_of(report):
        seen = Seen(report, edge)
        for claim in CLAIMS:
            for match in claim.phrase.finditer(text):
                assert claim.holds(seen, match), f"{match[0]!r} is said, and not so: {text!r}\n" + "\n".join(
                    step.text for step in seen.steps
                )
