"""What the page of a run says, in the order in which it is read: first for a person, then for an engineer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.language.catalogs import marked, templates, translated
from api.language.languages import current_language
from sipcheck.diagnosis.rewording import reworded
from sipcheck.reasons import CredentialState, Outcome, Party
from sipcheck.report.call_ids import sent_requests
from sipcheck.report.model import CheckName, CheckState, Direction, EdgeReport, Report, TraceStep
from trunks.runs.live_ladders import line_of
from trunks.runs.sharing import OpenedPage

HEADLINES = {
    Outcome.VERIFIED: marked("The trunk works"),
    Outcome.REACHABLE: marked("The carrier answers, but the account is not proven"),
    Outcome.FAILED: marked("The trunk does not work"),
    Outcome.INCONCLUSIVE: marked("Nothing can be said about the trunk yet"),
}
# Said to a reader who is neither of the two sides that speak on the command line.
_TURNS = {
    Party.CARRIER: marked("The carrier has to act."),
    Party.NETWORK: marked("The network between the platform and the carrier has to be looked at."),
    Party.CONFIGURATION: marked("The trunk's settings have to be corrected."),
    Party.OURS: marked("The platform that made this check has to act."),
    Party.NOBODY: "",
}
_STATES = {
    CheckState.OK: marked("fine"),
    CheckState.WARNING: marked("look here"),
    CheckState.FAILED: marked("failed"),
    CheckState.SKIPPED: marked("skipped"),
}
_NAMES = {
    CheckName.TARGET: marked("Target"),
    CheckName.DNS: marked("DNS"),
    CheckName.ADDRESS: marked("Address"),
    CheckName.TRANSPORT: marked("Transport"),
    CheckName.TLS: marked("TLS"),
    CheckName.SIP: marked("SIP"),
    CheckName.AUTH: marked("Account"),
}
_PASSWORDS = {
    CredentialState.PROVEN: marked("accepted"),
    CredentialState.REJECTED: marked("refused"),
    CredentialState.UNPROVEN: marked("not asked for"),
    CredentialState.NOT_TESTED: marked("not tried"),
}
_MOST_CALL_IDS = 40
_MS_OF_A_SECOND = 1000


@dataclass(frozen=True, slots=True)
class Rung:
    """A step of the ladder; `number` leads to the message, and is None for an event."""

    at: str
    direction: str
    line: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Message:
    number: int
    at: str
    direction: str
    between: str
    text: str
    cut_bytes: int


@dataclass(frozen=True, slots=True)
class Leg:
    """The ladder of one gateway."""

    target: str
    rungs: Sequence[Rung]


@dataclass(frozen=True, slots=True)
class Line:
    """A check, by its state and its fact."""

    name: str
    state: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Page:
    outcome: str
    headline: str
    summary: str
    advice: str
    turn: str
    facts: Sequence[tuple[str, str]]
    checks: Sequence[Line]
    warnings: Sequence[str]
    edges: Sequence[EdgeReport]
    our_addresses: Sequence[str]
    call_ids: Sequence[str]
    legs: Sequence[Leg]
    messages: Sequence[Message]
    capture_url: str
    expires_at: str


def page_of(opened: OpenedPage, url: str) -> Page:
    """Say what a link shows; `url` is the page's own path."""
    return page_of_reports(
        opened.reports, capture_url=f"{url}/evidence.pcapng", expires_at=write_moment(opened.expires_at)
    )


def page_of_reports(reports: Sequence[Report], *, capture_url: str, expires_at: str = "") -> Page:
    """Say what these reports recorded, the deciding one first; `capture_url` is where their messages are."""
    words = templates(current_language())
    reports = [reworded(each, words) for each in reports]
    first = reports[0]
    return Page(
        outcome=first.outcome,
        headline=translated(HEADLINES[first.outcome]),
        summary=first.summary,
        advice=first.advice,
        turn=translated(_TURNS[first.party]),
        facts=list(_facts(first)),
        checks=[
            Line(translated(_NAMES[each.name]), translated(_STATES[each.state]), each.state, each.detail)
            for each in first.checks
        ],
        warnings=[each.detail for report in reports for each in report.warnings],
        edges=[edge for report in reports for edge in report.edges],
        our_addresses=_our_addresses(reports),
        call_ids=_call_ids(reports),
        legs=_legs(reports),
        messages=list(_messages(reports)),
        capture_url=capture_url,
        expires_at=expires_at,
    )


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    yield translated("Checked"), _target(report)
    if report.target.username:
        yield translated("Account"), report.target.username
    if report.target.outbound_proxy:
        yield translated("By way of"), report.target.outbound_proxy
    yield translated("When"), write_moment(report.started_at)
    yield translated("Took"), _duration(report.duration_ms)
    yield translated("Reason"), report.reason if report.cause is None else f"{report.reason} ({report.cause})"
    yield translated("Password"), translated(_PASSWORDS[report.credentials])


def _duration(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < _MS_OF_A_SECOND else f"{ms / _MS_OF_A_SECOND:.1f} s"


def _target(report: Report) -> str:
    port = "" if report.target.port is None else f":{report.target.port}"
    where = f"{report.target.domain}{port}"
    if report.target.transport is None:
        return where
    return translated("{target} by {transport}").format(
        target=where, transport=report.target.transport.upper()
    )


def _our_addresses(reports: Sequence[Report]) -> list[str]:
    """Where the requests came from, as we know it and as the carrier saw it."""
    edges = [edge for report in reports for edge in report.edges]
    known = [address for edge in edges for address in (edge.local_address, edge.received_address)]
    sent = [step.source for step in _steps(reports) if step.direction is Direction.SENT]
    return list(dict.fromkeys(filter(None, map(_host, [*known, *sent]))))


def _host(endpoint: str | None) -> str:
    """The address of `address:port`, or of an address alone."""
    text = endpoint or ""
    host, _, port = text.rpartition(":")
    return (
        host.strip("[]") if port.isdecimal() and (":" not in host or host.startswith("[")) and host else text
    )


def _call_ids(reports: Sequence[Report]) -> list[str]:
    return [each.call_id for each in sent_requests(_steps(reports))][:_MOST_CALL_IDS]


def _steps(reports: Sequence[Report]) -> Iterator[TraceStep]:
    for report in reports:
        yield from report.trace


def _legs(reports: Sequence[Report]) -> list[Leg]:
    legs, number = [], 0
    for report in reports:
        rungs = []
        for step in report.trace:
            is_message = step.direction is not Direction.EVENT
            number += is_message
            rungs.append(
                Rung(_since(report, step), step.direction, _line(step), number if is_message else None)
            )
        legs.append(Leg(_target(report), rungs))
    return legs


def _messages(reports: Sequence[Report]) -> Iterator[Message]:
    number = 0
    for report in reports:
        for step in report.trace:
            if step.direction is not Direction.EVENT:
                number += 1
                between = f"{step.source} → {step.destination}"
                yield Message(
                    number, _since(report, step), step.direction, between, step.text.rstrip(), step.cut_bytes
                )


def rung_line(line: str, *, proves: bool) -> str:
    return line + (translated(", with the password's proof") if proves else "")


def _line(step: TraceStep) -> str:
    line, proves = line_of(step)
    return rung_line(line, proves=proves)


def _since(report: Report, step: TraceStep) -> str:
    """When it was, in UTC to the millisecond: what an engineer looks for in his own logs."""
    at = report.started_at + timedelta(milliseconds=step.at_ms)
    return at.astimezone(UTC).strftime("%H:%M:%S.%f")[:-3]


def write_moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
