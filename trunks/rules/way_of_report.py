"""What a verification's report says of the ways to a carrier."""

from dataclasses import replace

from sipcheck.host import is_address
from sipcheck.reasons import Outcome, WarningCode
from sipcheck.report.model import EdgeReport, Report
from sipcheck.target import Target, TransportName
from trunks.rules.health import is_living_edge
from trunks.rules.way_evidence import Dialled, WayEdge, WayEvidence


def evidence_of(
    report: Report, target: Target, *, dialled: Dialled | None, fixed_egress: bool, tls_names: bool
) -> WayEvidence:
    """Collect what a report of this target found; `dialled` is what its domain's own addresses are."""
    return WayEvidence(
        domain=target.domain,
        port=target.port,
        transport=target.transport,
        proxy=target.outbound_proxy,
        fixed_egress=fixed_egress,
        edges=tuple(_edge(each, report, target) for each in report.edges),
        dialled=dialled or dialled_by_report(report, target),
        tls_names=tls_names,
    )


def dialled_by_report(report: Report, target: Target) -> Dialled | None:
    """Give the domain's addresses where the report has all of them; None where somebody has to look.

    They are the edges of a target that no SRV record led away from its domain.
    """
    if is_address(target.domain):
        is_ipv6 = ":" in target.domain
        return Dialled(ipv4=() if is_ipv6 else (target.domain,), has_ipv6=is_ipv6)
    partial = any(warning.code is WarningCode.DNS_PARTIAL for warning in report.warnings)
    direct = all(each.host == target.domain and each.priority is None for each in report.edges)
    if target.outbound_proxy is not None or partial or not direct or not report.edges:
        return None
    addresses = tuple(dict.fromkeys(each.address for each in report.edges))
    return Dialled(
        ipv4=tuple(each for each in addresses if ":" not in each),
        has_ipv6=any(":" in each for each in addresses),
    )


def _edge(edge: EdgeReport, report: Report, target: Target) -> WayEdge:
    found = WayEdge(
        host=edge.host,
        address=edge.address,
        port=edge.port,
        transport=TransportName(edge.transport),
        priority=edge.priority,
        lives=_lives(edge),
    )
    if edge.certificate is None or _has_common_name_alone(report, found.name):
        return found
    names = edge.certificate.names
    if edge.certificate.verified and not any(name.lower().startswith("sip:") for name in names):
        # Its list may be cut; a URI is a name for us, and none for calls.
        names = (*names, target.domain if target.outbound_proxy is None else target.outbound_proxy.host)
    return replace(found, certificate_names=names)


def _has_common_name_alone(report: Report, edge: str) -> bool:
    return any(
        each.code is WarningCode.TLS_COMMON_NAME_ONLY and each.edge == edge for each in report.warnings
    )


def _lives(report: EdgeReport) -> bool | None:
    if is_living_edge(report):
        return True
    return False if report.outcome is Outcome.FAILED else None
