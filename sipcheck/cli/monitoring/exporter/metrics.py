"""A report as metrics: the names that blackbox_exporter uses where there are such, and `sip_` before the others."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from sipcheck.cli.monitoring.rejections import Withheld
from sipcheck.diagnosis.evidence import is_sign_of_life
from sipcheck.reasons import CredentialState, Outcome
from sipcheck.report.model import CheckState, EdgeReport, Report
from sipcheck.target import edge_name

_MS = 1000


class ReportMetrics(Collector):
    """Tells one report; `age_seconds` is how long ago its run began. Names are added, never renamed."""

    def __init__(self, report: Report, *, age_seconds: float, withheld: Withheld | None = None) -> None:
        self._report = report
        self._age_seconds = age_seconds
        self._withheld = withheld

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the families, in the order of docs/design/command-line.md."""
        report = self._report
        yield _gauge("probe_success", "1 where the trunk is verified, 0 otherwise.", report.verified)
        yield _gauge("probe_duration_seconds", "How long the run took.", report.duration_ms / _MS)
        yield from self._certificate()
        yield _labelled(
            "sip_reason_info",
            "The reason of the verdict, its cause, and who has to act.",
            {(report.reason, report.cause or "", report.party): 1},
            ("reason", "cause", "party"),
        )
        yield _states("sip_outcome", "What the run came to.", "outcome", Outcome, report.outcome)
        yield _states(
            "sip_credentials",
            "What is known of the credentials.",
            "state",
            CredentialState,
            report.credentials,
        )
        yield from self._withheld_since()
        yield from self._checks()
        yield from _edges(report.edges)
        yield _labelled(
            "sip_warning_info",
            "What is worth knowing beside the verdict.",
            {(warning.code,): 1 for warning in report.warnings},
            ("code",),
        )
        yield _gauge("sip_knocks", "Requests of this run that a peer's guard may count.", report.knocks)
        yield _gauge(
            "sip_probe_age_seconds",
            "How long ago the run began: one result serves all who ask within min_interval.",
            self._age_seconds,
        )

    def _certificate(self) -> Iterator[GaugeMetricFamily]:
        ends = [edge.certificate.not_after for edge in self._report.edges if edge.certificate is not None]
        if ends:
            text = "When the certificate that ends first does."
            yield _gauge("probe_ssl_earliest_cert_expiry", text, min(ends).timestamp())

    def _withheld_since(self) -> Iterator[GaugeMetricFamily]:
        since: datetime | None = None if self._withheld is None else self._withheld.at
        if since is not None:
            text = "When the credentials were refused that are not sent again until they change."
            yield _gauge("sip_credentials_refused_timestamp_seconds", text, since.timestamp())

    def _checks(self) -> Iterator[GaugeMetricFamily]:
        checks = self._report.checks
        yield _labelled(
            "sip_check_failed",
            "1 for the check that failed, by name; those that were not reached are left out.",
            {
                (check.name,): int(check.state is CheckState.FAILED)
                for check in checks
                if check.state is not CheckState.SKIPPED
            },
            ("check",),
        )
        yield _labelled(
            "sip_check_duration_seconds",
            "How long each check took.",
            {(check.name,): check.ms / _MS for check in checks if check.ms is not None},
            ("check",),
        )


def _edges(edges: tuple[EdgeReport, ...]) -> Iterator[GaugeMetricFamily]:
    probed = {_name(edge): edge for edge in edges if edge.outcome is not None}
    yield _gauge("sip_edges", "How many addresses DNS leads to.", len(edges))
    yield _labelled(
        "sip_edge_up",
        "1 where this address answers with a sign of life.",
        {(name,): int(is_sign_of_life(edge.sip_status)) for name, edge in probed.items()},
        ("edge",),
    )
    yield _labelled(
        "sip_edge_rtt_seconds",
        "How long this address took to answer.",
        {(name,): edge.rtt_ms / _MS for name, edge in probed.items() if edge.rtt_ms is not None},
        ("edge",),
    )


def _name(edge: EdgeReport) -> str:
    return edge_name(edge.address, edge.port, edge.transport)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=float(value))


def _labelled(
    name: str, text: str, values: dict[tuple[str, ...], float], labels: tuple[str, ...]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for given, value in values.items():
        family.add_metric(list(map(str, given)), value)
    return family


def _states(
    name: str, text: str, label: str, possible: type[Outcome] | type[CredentialState], present: str
) -> GaugeMetricFamily:
    return _labelled(name, text, {(each,): int(each == present) for each in possible}, (label,))
