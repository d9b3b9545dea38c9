"""What a verification's report says of the ways to a carrier."""

from dataclasses import replace

from sipcheck.dns.infrastructure_dial import Dial, Way
from sipcheck.guard import Guard
from sipcheck.host import is_address
from sipcheck.reasons import Outcome, WarningCode
from sipcheck.report.model import EdgeReport, Report
from sipcheck.target import Target, TransportName
from trunks.rules.health import is_living_edge
from trunks.rules.way_evidence import Dialled, WayEdge, WayEvidence, WayFinding

_SUCH = "ask the carrier to challenge with Digest, MD5 or SHA-256, qop auth, first."


def evidence_of(
    report: Report, target: Target, *, dialled: Dialled | None, fixed_egress: bool, tls_names: bool
) -> WayEvidence:
    """Collect what a report of this target found; `dialled` is what its domain's own addresses are."""
    found = finding_of(report, target, dialled=dialled)
    return replace(evidence_from(found, target), fixed_egress=fixed_egress, tls_names=tls_names)


def finding_of(report: Report, target: Target, *, dialled: Dialled | None) -> WayFinding:
    """Take from a report what is so for whoever asks there."""
    return WayFinding(
        edges=tuple(_edge(each, report, target) for each in report.edges),
        dialled=dialled or dialled_by_report(report, target),
    )


def evidence_from(found: WayFinding, target: Target) -> WayEvidence:
    """Put what was found beside what was configured."""
    return WayEvidence(
        domain=target.domain,
        port=target.port,
        transport=target.transport,
        proxy=target.outbound_proxy,
        edges=found.edges,
        dialled=found.dialled,
        is_forbidden=found.is_forbidden,
    )


def dialled_by(dial: Dial | None, guard: Guard) -> Dialled | None:
    """Read where calls to the address as it is given would go; None where nobody looked, or DNS did not say."""
    if dial is None or not dial.answered:
        return None
    if dial.way is Way.UNREADABLE:
        return Dialled(has_ipv6=True)
    ipv4 = tuple(each for each in dial.addresses if ":" not in each)
    return Dialled(
        ipv4=ipv4,
        has_ipv6=len(ipv4) < len(dial.addresses),
        forbidden=any(guard.judge_address(address) is not None for address in ipv4),
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
        weight=edge.weight,
        lives=_lives(edge),
    )
    said = _said(report, WarningCode.INFRASTRUCTURE_CANNOT_ANSWER, found.name)
    if said is not None:
        found = replace(found, unanswerable=f"Calls cannot answer this carrier's challenge: {said}; {_SUCH}")
    if edge.certificate is None or _said(report, WarningCode.TLS_COMMON_NAME_ONLY, found.name) is not None:
        return found
    names = edge.certificate.names
    if edge.certificate.verified and not any(name.lower().startswith("sip:") for name in names):
        # Its list may be cut; a URI is a name for us, and none for calls.
        names = (*names, target.domain if target.outbound_proxy is None else target.outbound_proxy.host)
    return replace(found, certificate_names=names)


def _said(report: Report, code: WarningCode, edge: str) -> str | None:
    """What a warning says of an edge; None where there is none."""
    return next((each.detail for each in report.warnings if each.code is code and each.edge == edge), None)


def _lives(report: EdgeReport) -> bool | None:
    if is_living_edge(report):
        return True
    return False if report.outcome is Outcome.FAILED else None
