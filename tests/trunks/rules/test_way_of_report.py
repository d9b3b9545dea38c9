"""What of a report decides about the way of calls."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sipcheck.reasons import Outcome, WarningCode
from sipcheck.report.model import Certificate, EdgeReport, Report, ReportWarning
from sipcheck.target import HostPort, Target, TransportName
from tests.trunks.forms import STARTED, make_report, with_edge
from trunks.rules.outbound_way import choose_way
from trunks.rules.way_evidence import Dialled, WayForm
from trunks.rules.way_of_report import dialled_by_report, evidence_of

DOMAIN = "sip.carrier.example"
(EDGE,) = with_edge(make_report(), 200).edges


def report_of(*edges: EdgeReport, warnings: tuple[ReportWarning, ...] = ()) -> Report:
    return replace(make_report(), edges=edges, warnings=warnings)


def edge(address: str = "192.0.2.1", **given: Any) -> EdgeReport:
    return replace(EDGE, address=address, **given)


def certificate(*names: str, verified: bool = True) -> Certificate:
    return Certificate("CN", "CA", names, STARTED + timedelta(days=9), 9, "TLSv1.3", None, verified, None)


@pytest.mark.parametrize(
    ("target", "report", "found"),
    [
        (Target(DOMAIN), report_of(edge()), Dialled(ipv4=("192.0.2.1",))),
        (
            Target(DOMAIN),
            report_of(edge("2001:db8::1"), edge("192.0.2.2"), edge("192.0.2.2", transport="tcp")),
            Dialled(ipv4=("192.0.2.2",), has_ipv6=True),
        ),
        (Target("192.0.2.1"), report_of(), Dialled(ipv4=("192.0.2.1",))),
        (Target("2001:db8::1"), report_of(), Dialled(has_ipv6=True)),
        (Target(DOMAIN), report_of(edge(host="sip1.carrier.example", priority=10)), None),
        (Target(DOMAIN), report_of(edge(priority=10)), None),
        (Target(DOMAIN), report_of(), None),
        (Target(DOMAIN, outbound_proxy=HostPort(DOMAIN)), report_of(edge()), None),
        (
            Target(DOMAIN),
            report_of(edge(), warnings=(ReportWarning(WarningCode.DNS_PARTIAL, "there are more", None),)),
            None,
        ),
    ],
)
def test_whose_addresses_a_report_has(target: Target, report: Report, found: Dialled | None) -> None:
    assert dialled_by_report(report, target) == found


@pytest.mark.parametrize(
    ("shown", "names_alone", "proven"),
    [
        (certificate(DOMAIN), False, True),
        # A list that is cut.
        (certificate("a.example"), False, True),
        (certificate("a.example", verified=False), False, None),
        (certificate(DOMAIN), True, None),
        (certificate(f"sip:{DOMAIN}"), False, None),
        (certificate(f"sip:{DOMAIN}", DOMAIN), False, True),
        (None, False, None),
    ],
)
def test_a_certificate_counts_as_calls_read_it(
    shown: Certificate | None, names_alone: bool, proven: bool | None
) -> None:
    found = edge(certificate=shown)
    warning = ReportWarning(
        WarningCode.TLS_COMMON_NAME_ONLY, "it has a common name alone", "192.0.2.1:5061/tls"
    )
    report = report_of(found, warnings=(warning,) if names_alone else ())
    target = Target(DOMAIN, transport=TransportName.TLS)
    for tls_names, expected in ((True, proven), (False, True)):
        way = choose_way(evidence_of(report, target, dialled=None, fixed_egress=False, tls_names=tls_names))
        assert (way.form, way.callable) == (WayForm.AS_GIVEN, expected), way.reason


@pytest.mark.parametrize(
    ("outcome", "status", "lives"),
    [
        (Outcome.VERIFIED, 200, True),
        (Outcome.REACHABLE, 405, True),
        (Outcome.FAILED, 403, True),
        (Outcome.FAILED, None, False),
        (Outcome.INCONCLUSIVE, None, None),
        (None, None, None),
    ],
)
def test_what_lives(outcome: Outcome | None, status: int | None, lives: bool | None) -> None:
    report = report_of(edge(outcome=outcome, sip_status=status))
    found = evidence_of(report, Target(DOMAIN), dialled=None, fixed_egress=False, tls_names=True)
    assert [each.lives for each in found.edges] == [lives]
