"""Warnings: what is worth knowing about a run and changes no verdict."""

from collections.abc import Callable

from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.dns.route import Route
from sipcheck.reasons import Reason, WarningCode
from sipcheck.report.model import ReportWarning
from sipcheck.transaction.timers import RFC_3261
from sipcheck.verification.edge_probe import EdgeProbe

Warn = Callable[[WarningCode, str], None]


def edge_warnings(probe: EdgeProbe, *, some_alive: bool, decides: bool) -> list[ReportWarning]:
    """Gather what one probed edge gives reason to mention; of one that decides, the verdict says the most."""
    found = list(probe.connection.warnings)
    evidence = probe.evidence

    def warn(code: WarningCode, detail: str) -> None:
        found.append(ReportWarning(code, detail, probe.name))

    if some_alive and not evidence.alive and (evidence.exchanges or evidence.connect_failure):
        warn(WarningCode.EDGE_DOWN, f"this address is of no use while others are: {_why_down(probe)}")
    if evidence.alive and probe.options is not None and not probe.options.alive:
        _options_warning(probe.options, probe.register, warn)
    if probe.register is not None:
        _register_warning(probe.register, probe.options, warn)
        if evidence.alive and not decides and probe.register.status is not None and not probe.register.alive:
            failed = f"REGISTER was answered with {probe.register.answer}{_wait(probe.register)}"
            warn(WarningCode.REGISTER_REFUSED, failed)
    for exchange in evidence.exchanges:
        _exchange_warnings(exchange, warn)
    return _unique(found)


def route_warnings(route: Route, probed: int) -> list[ReportWarning]:
    """Say how many addresses were left out, where there are more than are probed."""
    left_out = len(route.edges) + len(route.beyond) - probed
    if left_out <= 0:
        return []
    detail = f"DNS leads to {probed + left_out} addresses, of which the first {probed} were probed"
    return [ReportWarning(WarningCode.EDGES_UNPROBED, detail, None)]


def _why_down(probe: EdgeProbe) -> str:
    if probe.connection.failure is not None:
        return probe.connection.failure.detail
    last = probe.evidence.exchanges[-1] if probe.evidence.exchanges else None
    if last is None:
        return "nothing came back"
    return f"{last.method} was answered with {last.answer}" if last.answer else last.explanation


def _options_warning(options: ExchangeResult, register: ExchangeResult | None, warn: Warn) -> None:
    """On an edge that lives by another request's answer."""
    if options.status is not None:
        warn(WarningCode.OPTIONS_FAILED, f"OPTIONS was answered with {options.answer}{_wait(options)}")
    elif register is not None and register.status is not None and not _cut_by_us(options):
        warn(WarningCode.OPTIONS_IGNORED, f"OPTIONS {_unanswered(options)} while REGISTER was answered")


def _register_warning(register: ExchangeResult, options: ExchangeResult | None, warn: Warn) -> None:
    """REGISTER failed in another way than by what the verdict says of the credentials."""
    if register.silent:
        answered = options is not None and options.alive
        if answered and not register.credentials_sent and not _cut_by_us(register):
            warn(WarningCode.REGISTER_IGNORED, f"REGISTER {_unanswered(register)} while OPTIONS was answered")
    elif register.refused and (not register.challenged or _refused_after_all(register)):
        warn(WarningCode.REGISTER_REFUSED, f"REGISTER was refused with {register.answer}{_wait(register)}")


def _cut_by_us(exchange: ExchangeResult) -> bool:
    return exchange.failure is not None and exchange.failure.reason is Reason.DEADLINE_EXCEEDED


def _unanswered(exchange: ExchangeResult) -> str:
    failure = exchange.failure
    if failure is None or failure.reason is Reason.NO_RESPONSE:
        return "stayed unanswered"
    return f"brought no answer that can be used ({failure.detail})"


def _wait(exchange: ExchangeResult) -> str:
    return (
        f", and a wait of {exchange.retry_after_seconds} seconds is asked for"
        if exchange.retry_after_seconds
        else ""
    )


def _refused_after_all(register: ExchangeResult) -> bool:
    """A refusal after the challenge was answered that is no word on the credentials."""
    return register.credentials_sent and not register.rejected and register.status not in (401, 403, 404, 407)


def _exchange_warnings(exchange: ExchangeResult, warn: Warn) -> None:
    if exchange.received_address is not None and exchange.received_address != exchange.local_address:
        warn(
            WarningCode.NAT_REWRITE,
            f"the carrier sees us as {exchange.received_address}, not as {exchange.local_address}",
        )
    if exchange.other_source is not None:
        warn(
            WarningCode.RESPONSE_SOURCE_DIFFERS,
            f"the answer came from {exchange.other_source}; some firewalls drop such answers",
        )
    if exchange.defects:
        warn(WarningCode.REPLY_DEFECTS, f"the answer is not quite SIP: {', '.join(exchange.defects)}")
    if exchange.retransmissions and exchange.status is not None:
        times = "once" if exchange.retransmissions == 1 else f"{exchange.retransmissions} times"
        slow = exchange.rtt_seconds is not None and exchange.rtt_seconds >= RFC_3261.t1_seconds
        took = f": the answer took {exchange.rtt_seconds:.1f} s" if slow else ""
        detail = f"{exchange.method} was sent again {times}{took}{_nothing_lost(exchange)}"
        warn(WarningCode.RETRANSMITTED, detail)


def _nothing_lost(exchange: ExchangeResult) -> str:
    """What shows that the carrier is slow, and the way is good: nothing is said where nothing does."""
    if exchange.each_answered:
        return "; each sending was answered, so the carrier is slow, and nothing was lost"
    if exchange.provisional is not None:
        return f"; a {exchange.provisional} came before it, so the carrier had the request and is slow"
    return ""


def _unique(warnings: list[ReportWarning]) -> list[ReportWarning]:
    return list(dict.fromkeys(warnings))
