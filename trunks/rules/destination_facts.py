"""What a check saw of a destination, kept to be compared when it fails (docs/design/people.md, "What changed").

Only what everybody sees who asks there: where DNS led, the certificate, the server's name. Nothing of an account.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sipcheck.reasons import WarningCode
from sipcheck.report.model import Certificate, Report
from sipcheck.report.printable import one_line
from sipcheck.target import edge_name

# Of a destination with more addresses each look may see others.
SEEN_AT_MOST = 8
_WORDS = 120


@dataclass(frozen=True, slots=True, order=True)
class SeenEdge:
    """`host` is the name that led to it: an SRV record's target, or what was asked for."""

    host: str
    name: str


@dataclass(frozen=True, slots=True)
class SeenCertificate:
    """A peer's own words, fit to stand in a sentence."""

    subject: str
    issuer: str
    until: datetime

    @classmethod
    def of(cls, certificate: Certificate) -> "SeenCertificate":
        """What is kept of a certificate."""
        subject, issuer = one_line(certificate.subject, _WORDS), one_line(certificate.issuer, _WORDS)
        return cls(subject, issuer, certificate.not_after.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class DestinationFacts:
    """`edges` are None where not all of them were seen; of several certificates it is the one that ends first."""

    edges: tuple[SeenEdge, ...] | None = None
    certificate: SeenCertificate | None = None

    @classmethod
    def of(
        cls, edges: Sequence[SeenEdge], certificates: Iterable[Certificate | None], *, is_whole: bool
    ) -> "DestinationFacts":
        """Put together what was seen; `is_whole` where DNS left no question unanswered."""
        shown = [each for each in certificates if each is not None]
        first = min(shown, key=lambda each: each.not_after, default=None)
        return cls(
            tuple(sorted(set(edges))) if is_whole and len(edges) < SEEN_AT_MOST else None,
            None if first is None else SeenCertificate.of(first),
        )

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset(address_of(each.name) for each in self.edges or ())

    def kept(self) -> dict[str, Any]:
        """As the store keeps it."""
        kept: dict[str, Any] = {}
        if self.edges is not None:
            kept["edges"] = [[each.host, each.name] for each in self.edges]
        if self.certificate is not None:
            seen = self.certificate
            kept["certificate"] = [seen.subject, seen.issuer, seen.until.isoformat()]
        return kept

    def kept_text(self) -> str:
        """The same as the store writes it."""
        return json.dumps(self.kept(), ensure_ascii=False)


def read_facts(kept: Mapping[str, Any] | None) -> DestinationFacts:
    """Read what the store keeps; nothing where it keeps nothing."""
    kept = kept or {}
    edges, certificate = kept.get("edges"), kept.get("certificate")
    return DestinationFacts(
        None if edges is None else tuple(SeenEdge(host, name) for host, name in edges),
        None
        if certificate is None
        else SeenCertificate(certificate[0], certificate[1], datetime.fromisoformat(certificate[2])),
    )


def facts_of_report(report: Report) -> DestinationFacts:
    """What a verification saw of its destination."""
    edges = [SeenEdge(each.host, edge_name(each.address, each.port, each.transport)) for each in report.edges]
    is_whole = bool(edges) and all(each.code is not WarningCode.DNS_PARTIAL for each in report.warnings)
    return DestinationFacts.of(edges, [each.certificate for each in report.edges], is_whole=is_whole)


def address_of(name: str) -> str:
    """The address in the name of an edge, `192.0.2.1:5060/udp`."""
    return name.rsplit(":", 1)[0].strip("[]")
