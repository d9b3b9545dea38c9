"""Warnings: what is worth knowing about a run and changes no verdict."""

from collections.abc import Callable

from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.reasons import WarningCode
from sipcheck.report.model import ReportWarning
from sipcheck.verification.edge_probe import EdgeProbe

Warn = Callable[[WarningCode, str], None]


def edge_warnings(probe: EdgeProbe, *, some_alive: bool) -> list[ReportWarning]:
    """Gather what one probed edge gives reason to mention."""
    found = list(probe.connection.warnings)
    evidence = probe.evidence

    def warn(code: WarningCode, detail: str) -> None:
        found.append(ReportWarning(code, detail, probe.name))

    if some_alive and not evidence.alive and (evidence.exchanges or evidence.connect_failure):
        warn(WarningCode.EDGE_DOWN, f"this address does not answer while others do: {_why_down(probe)}")
    _method_warnings(probe.options, probe.register, warn)
    for exchange in evidence.exchanges:
        _exchange_warnings(exchange, warn)
    return _unique(found)


def _why_down(probe: EdgeProbe) -> str:
    if probe.connection.failure is not None:
        return probe.connection.failure.detail
    last = probe.evidence.exchanges[-1] if probe.evidence.exchanges else None
    if last is None:
        return "nothing came back"
    return last.answer or last.explanation


def _method_warnings(options: ExchangeResult | None, register: ExchangeResult | None, warn: Warn) -> None:
    if options is None or register is None:
        if register is not None and register.refused and not register.challenged:
            warn(WarningCode.REGISTER_REFUSED, _refusal(register))
        return
    if options.silent and register.status is not None:
        warn(WarningCode.OPTIONS_IGNORED, "OPTIONS stayed unanswered while REGISTER was answered")
    if register.silent and not register.credentials_sent and options.alive:
        warn(WarningCode.REGISTER_IGNORED, "REGISTER stayed unanswered while OPTIONS was answered")
    if register.refused and (not register.challenged or _refused_after_all(register)):
        warn(WarningCode.REGISTER_REFUSED, _refusal(register))


def _refused_after_all(register: ExchangeResult) -> bool:
    """A refusal after the challenge was answered that is no word on the credentials."""
    return register.credentials_sent and not register.rejected and register.status not in (401, 403, 404, 407)


def _refusal(register: ExchangeResult) -> str:
    return f"REGISTER was refused with {register.answer}"


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
        warn(WarningCode.RETRANSMITTED, f"{exchange.method} had to be sent again {times}: packets get lost")


def _unique(warnings: list[ReportWarning]) -> list[ReportWarning]:
    return list(dict.fromkeys(warnings))
