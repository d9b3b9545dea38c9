"""What the sentences of a report claim to have happened, each held against the trace and the other facts of the run.

A claim is a phrase and a question to what was seen. A phrase that is never true of what one run can see (a packet that
got lost) has a question that is always answered no.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sipcheck.diagnosis.details import worded
from sipcheck.diagnosis.evidence import is_sign_of_life
from sipcheck.phrases.sentence import Sentence
from sipcheck.report.model import Direction, EdgeReport, Report
from tests.sipcheck.provoked.seen import Seen
from tests.sipcheck.provoked.spoken import assert_spoken
from tests.sipcheck.provoked.written import assert_written

_EDGE = re.compile(r"(?:[\d.]+|\[[\da-f:]+\]):\d+/(?:udp|tcp|tls)")


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
    r"was given them\b",
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
    r"nothing was sent: neither",
    r"neither sent nor judged",
)

CLAIMS = (
    *(_claim(phrase, lambda seen, _: seen.sent(credentials=True) > 0) for phrase in _PASSWORD_SENT),
    *(_claim(phrase, lambda seen, _: seen.sent(credentials=True) == 0) for phrase in _PASSWORD_KEPT),
    _claim(
        r"asked for no password|no password was asked for|without asking for a password|never asks?",
        lambda seen, _: bool(seen.responses) and not seen.challenged,
    ),
    _claim(
        r"ask(?:ed|s) for (?:the |a |it\b|credentials)(?:username and )?(?:password)?(?! certificate)(?<!for a )",
        lambda seen, _: seen.challenged,
    ),
    _claim(r"asked for them when a call came", lambda seen, _: seen.challenged and seen.sent("INVITE") > 0),
    _claim(r"when a call came", lambda seen, _: seen.sent("INVITE") > 0),
    _claim(
        r"refuse[ds] (?:the call|calls)",
        lambda seen, _: any(of == "INVITE" and code >= 400 for of, code in seen.responses),
    ),
    _claim(
        r"answered as it does to a caller|could not use our test call",
        lambda seen, _: any(of == "INVITE" and code not in (100, 401, 407) for of, code in seen.responses),
    ),
    _claim(
        r"took the call, and was hung up at once",
        lambda seen, _: (
            any(of == "INVITE" and 200 <= code < 300 for of, code in seen.responses) and seen.sent("BYE") > 0
        ),
    ),
    _claim(
        r"writes it was refused \((\d{3}) .*a plain one was not",
        lambda seen, match: (
            seen.answered(int(match[1]), "INVITE")
            and len({step.text.split("\n")[0] for step in seen.steps if step.text.startswith("INVITE")}) == 2
        ),
    ),
    _claim(r"the realm '[^']+' was answered", lambda seen, _: seen.sent(credentials=True) > 0),
    _claim(
        r"(?:(?:answered|refused) )?(OPTIONS|REGISTER|INVITE) with (\d{3})\b",
        lambda seen, match: seen.answered(int(match[2]), match[1].upper()),
    ),
    _claim(
        r"(OPTIONS|REGISTER|INVITE) (?:was answered|was refused|failed) with (\d{3})\b",
        lambda seen, match: seen.answered(int(match[2]), match[1].upper()),
    ),
    _claim(
        r"(OPTIONS|REGISTER|INVITE): (\d{3})\b",
        lambda seen, match: seen.answered(int(match[2]), match[1].upper()),
    ),
    _claim(r"(?:refused )?\((\d{3}) [^)]*\)", lambda seen, match: seen.answered(int(match[1]))),
    _claim(
        r"refuses (OPTIONS|REGISTER|INVITE) for another reason",
        lambda seen, match: any(of == match[1].upper() and code >= 400 for of, code in seen.responses),
    ),
    _claim(r"address gave no answer", lambda seen, _: seen.sent() > 0 and not seen.heard()),
    _claim(r"certificate of \S+ was refused", lambda seen, _: any(_refused(each) for each in seen.edges)),
    _claim(r"gave no answer, and is not silent", lambda seen, _: seen.heard() and not seen.responses),
    _claim(r"began an answer and did not finish it|bytes of an answer came", lambda seen, _: seen.heard()),
    _claim(r"no answer at all|is silent", lambda seen, _: seen.sent() > 0 and not seen.heard()),
    _claim(
        r"took our request and gave no final answer",
        lambda seen, _: bool(seen.responses) and not seen.final(),
    ),
    _claim(
        r"gave no final answer once",
        lambda seen, _: seen.sent(credentials=True) > 0 and seen.left_unanswered(seen.last_method),
    ),
    _claim(r"gave no final answer(:| in)", lambda seen, _: seen.sent() > 0 and not seen.final()),
    _claim(
        r"(OPTIONS|REGISTER|INVITE) stayed unanswered",
        lambda seen, match: seen.sent(match[1].upper()) > 0 and not seen.final(match[1].upper()),
    ),
    _claim(
        r"(OPTIONS|REGISTER|INVITE) brought no answer that can be used",
        lambda seen, match: seen.sent(match[1].upper()) > 0 and not seen.final(match[1].upper()),
    ),
    _claim(r"while (OPTIONS|REGISTER|INVITE) was answered", lambda seen, match: seen.final(match[1].upper())),
    _claim(
        r"(OPTIONS|REGISTER|INVITE) was sent again (once|\d+ times)",
        lambda seen, match: seen.sent(match[1].upper()) > 1,
    ),
    _claim(r"does not answer|stayed? silent", lambda seen, _: not seen.heard()),
    _claim(r"closed the connection before a final answer", lambda seen, _: not seen.final()),
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
    _claim(
        r"^(OPTIONS|REGISTER|INVITE): no answer(?: in|$)",
        lambda seen, match: seen.left_unanswered(match[1].upper()),
    ),
    _claim(
        r"(\S+) is of no use while others are|this address is of no use while others are",
        lambda seen, _: all(not _lives(each) for each in seen.edges) and any(map(_lives, seen.report.edges)),
    ),
    _claim(
        r"sees us as (\S+), not as (\S+)$",
        lambda seen, match: (
            match[1] != match[2]
            and any((each.received_address, each.local_address) == match.groups() for each in seen.edges)
            and any(_names_us(step.text, match[1]) for step in seen.steps)
        ),
    ),
    _claim(
        r"(?:the answer came|: \d{3} .*) from (\S+?)(?:;|$)",
        lambda seen, match: any(
            step.source == match[1] and step.destination != match[1]
            for step in seen.steps
            if step.direction is Direction.RECEIVED
        ),
    ),
    _claim(
        r"not quite SIP: (.+)",
        lambda seen, match: any(set(match[1].split(", ")) <= set(each.defects) for each in seen.edges),
    ),
    _claim(
        r"each sending was answered, so the carrier is slow, and nothing was lost",
        lambda seen, _: seen.each_sending_answered(),
    ),
    _claim(
        r"sent no answer, and only requests",
        lambda seen, _: seen.heard() and not seen.responses,
    ),
    _claim(
        r"so the password was not sent again",
        lambda seen, _: seen.sent(credentials=True) > 0,
    ),
    _claim(r", behind a (1\d\d)", lambda seen, match: seen.answered(int(match[1]))),
    _claim(
        r"nothing that came is the answer to our request",
        lambda seen, _: seen.heard() and any(map(seen.left_unanswered, ("OPTIONS", "REGISTER", "INVITE"))),
    ),
    _claim(
        r"a wait of (\d+) seconds is asked for",
        lambda seen, match: any(
            re.search(rf"^Retry-After\s*:\s*{match[1]}\b", step.text, re.IGNORECASE | re.MULTILINE)
            for step in seen.steps
            if step.direction is Direction.RECEIVED
        ),
    ),
    _claim(
        r"fits only by its wildcard (\S+),",
        lambda seen, match: any(
            each.certificate is not None and match[1] in each.certificate.names for each in seen.edges
        ),
    ),
    _claim(
        r"names the domain only in its common name",
        lambda seen, _: any(
            each.certificate is not None
            and all(f"CN={name}" in each.certificate.subject for name in each.certificate.names)
            for each in seen.edges
        ),
    ),
    _claim(r"a (1\d\d) came before it", lambda seen, match: seen.answered(int(match[1]))),
    _claim(
        r"expires in (-?\d+) days",
        lambda seen, match: any(
            each.certificate is not None and each.certificate.days_left == int(match[1])
            for each in seen.edges
        ),
    ),
    _claim(
        r"of which the first (\d+) were probed",
        lambda seen, match: sum(each.outcome is not None for each in seen.report.edges) <= int(match[1]),
    ),
    _claim(
        r"(\d+) (?:address(?:es)? found|judged, none forbidden)",
        lambda seen, match: len({each.address for each in seen.report.edges}) == int(match[1]),
    ),
    _claim(r"SRV was asked instead", lambda seen, _: seen.told("dns srv ")),
    _claim(r"DNS is not asked", lambda seen, _: not seen.told("dns ")),
    _claim(
        r"which was used|(?:were|was) used|its servers are not among",
        lambda seen, _: bool(seen.report.edges) and seen.told("dns "),
    ),
    _claim(
        r"(OPTIONS|REGISTER|INVITE)(?: and REGISTER)? went by TCP",
        lambda seen, match: any(
            step.direction is Direction.SENT and step.text.startswith(match[1]) and "SIP/2.0/TCP" in step.text
            for step in seen.steps
        ),
    ),
    _claim(
        r"^\S+, certificate of (.+)",
        lambda seen, match: any(
            each.certificate is not None and each.certificate.subject == match[1] for each in seen.edges
        ),
    ),
    _claim(
        r"(OPTIONS|REGISTER|INVITE) was answered with (2\d\d) [^,]*, and with an rspauth that does not fit",
        lambda seen, match: (
            seen.answered(int(match[2]), match[1].upper())
            and seen.sent(match[1].upper(), credentials=True) > 0
            and any("rspauth=" in step.text.replace(" ", "") for step in seen.steps)
        ),
    ),
    _claim(r"packets get lost|got lost|firewall drops?", _never),
)


def _lives(edge: EdgeReport) -> bool:
    status = edge.sip_status
    return status is not None and is_sign_of_life(status)


def _names_us(answer: str, address: str) -> bool:
    """Whether the Via of an answer names this address of ours, by host or by port (RFC 3581)."""
    host, _, port = address.rpartition(":")
    return answer.startswith("SIP/2.0") and (host.strip("[]") in answer or f"rport={port}" in answer)


def _refused(edge: EdgeReport) -> bool:
    return edge.certificate is not None and not edge.certificate.verified


def _ended(edge: EdgeReport) -> bool:
    """Whether the edge's own certificate has ended, or one that was refused for that."""
    certificate = edge.certificate
    if certificate is None:
        return False
    return certificate.not_after < datetime.now(UTC) or "expired" in (certificate.error or "")


def decisive_edge(report: Report) -> str | None:
    """The edge of which the checks speak; none where no edge was reached."""
    said = (sentence for check in report.checks for sentence in check.sentences)
    return next((_edge_of(each) for each in said if each.key == "check.transport"), None)


def _edge_of(sentence: Sentence) -> str:
    return str(sentence.parameters["edge"])


def _of_edges(sentences: Sequence[Sentence], edge: str | None) -> Iterator[tuple[str, str | None]]:
    """Word sentences one by one; what follows the name of another edge is of that one."""
    for sentence in sentences:
        if sentence.key == "check.transport.other-edge":
            edge = _edge_of(sentence)
        yield worded([sentence]), edge


def sentences_of(report: Report) -> Iterator[tuple[str, str | None]]:
    """All that a report says of what happened, and the edge that it says it of."""
    named = _EDGE.search(report.summary)
    yield report.summary, named[0] if named else None
    # What is advised may speak of what often is ("many carriers ..."), so it is held against the same claims.
    yield report.advice, named[0] if named else None
    decides = decisive_edge(report)
    for check in report.checks:
        yield from _of_edges(check.sentences, decides)
    for warning in report.warnings:
        yield warning.detail, warning.edge


def assert_claims(report: Report) -> None:
    """Hold each claim of each sentence of a report against what the run saw, and its texts against its sentences."""
    for text, edge in sentences_of(report):
        seen = Seen(report, edge)
        for claim in CLAIMS:
            for match in claim.phrase.finditer(text):
                assert claim.holds(seen, match), f"{match[0]!r} is said, and not so: {text!r}\n" + "\n".join(
                    step.text for step in seen.steps
                )
    assert_spoken(report)
    assert_written(report)
