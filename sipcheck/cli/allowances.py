"""The options that let through what the guard refused: on the command line it is a person's own tool."""

from collections.abc import Iterable
from dataclasses import replace

from sipcheck.cli.environment import Lasting
from sipcheck.diagnosis.sentences import own_tool_advice, render
from sipcheck.guard import FORBIDDEN, Guard
from sipcheck.reasons import Reason
from sipcheck.report.model import Report

Endpoint = tuple[str, int]


def options_for(endpoints: Iterable[Endpoint], guard: Guard) -> str:
    """Write the options that let all these pairs of address and port through; empty where none is needed."""
    missing = [guard.allowance(address, port) for address, port in endpoints]
    options = [f"{Lasting.ALLOW_NETWORK.option} {network}" for network, _ in missing if network is not None]
    options += [f"{Lasting.ALLOW_PORT.option} {port}" for _, port in missing if port is not None]
    return " ".join(dict.fromkeys(options))


def advise_allowance(reason: Reason, endpoints: Iterable[Endpoint], guard: Guard) -> str:
    """Advise whoever is refused, by the options that would let it through; empty for another reason."""
    options = options_for(endpoints, guard) if reason in FORBIDDEN else ""
    return render(own_tool_advice(reason, options)) if options else ""


def with_allowance(report: Report, guard: Guard) -> Report:
    """Put the options that would let a refused target through in the place of what a customer is advised."""
    options = options_for(((edge.address, edge.port) for edge in report.edges), guard)
    if report.reason not in FORBIDDEN or not options:
        return report
    advice = own_tool_advice(report.reason, options)
    return replace(report, advice=render(advice), sentences=(*report.sentences[:1], advice))
