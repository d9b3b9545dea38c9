"""What a search for working ways found, as frozen values."""

from dataclasses import dataclass

from sipcheck.diagnosis.evidence import is_sign_of_life
from sipcheck.discovery.candidates import FoundBy
from sipcheck.failure import Failure
from sipcheck.report.model import EdgeReport, TargetFacts
from sipcheck.target import edge_name


@dataclass(frozen=True, slots=True)
class Finding:
    """What one way came to; its report has no outcome where nothing was asked. `detail` says why it failed.

    `knocks` are those of this search alone: none where the way was asked before.
    """

    report: EdgeReport
    via: FoundBy
    configured: bool
    detail: str = ""
    knocks: int = 0

    @property
    def edge(self) -> str:
        """The way as reports write it, `address:port/transport`."""
        return edge_name(self.report.address, self.report.port, self.report.transport)

    @property
    def answers(self) -> bool:
        """Whether a final SIP answer came, be it a refusal or an outage."""
        return self.report.sip_status is not None

    @property
    def alive(self) -> bool:
        """Whether the answer is a sign of life (docs/design/sip.md, "Liveness")."""
        return is_sign_of_life(self.report.sip_status)


@dataclass(frozen=True, slots=True)
class Discovery:
    """All ways in the order in which they were tried, or the failure for which nothing was sent at all.

    `notes` are sentences about what was left out. `duration_ms` is that of the whole search. `knocks` counts the
    requests that a peer's guard may hold against us.
    """

    target: TargetFacts
    findings: tuple[Finding, ...]
    failure: Failure | None
    notes: tuple[str, ...]
    duration_ms: float
    knocks: int = 0

    @property
    def answering(self) -> tuple[Finding, ...]:
        """The ways that gave a final SIP answer."""
        return tuple(finding for finding in self.findings if finding.answers)

    @property
    def working(self) -> tuple[Finding, ...]:
        """The ways whose answer is a sign of life."""
        return tuple(finding for finding in self.findings if finding.alive)
